import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InspectorMessage } from '../../bin/inspect/messages.js';
import { finishedRun, MAIN, query, smallRun, workFolder } from './support.js';

/** A whole run that is watched over HTTP from its first moment to its last. */

const folder = workFolder();
const [watchedDb, plainDb] = [join(folder, 'watched.db'), join(folder, 'plain.db')];

const { NODE_TEST_CONTEXT: _, ...env } = process.env;
const child = spawn(process.execPath, [MAIN, ...smallRun(watchedDb), '--inspect', '--no-open', '--port', '0'], {
  env,
  stdio: ['ignore', 'ignore', 'pipe'],
});
const closed = once(child, 'close');
const messages = await messagesAt(await address());
const [code] = (await closed) as [number | null];
await finishedRun(plainDb);

test('the four charts appear, and all work that they invoke', () => {
  const actors = messages.filter((message) => message.kind === 'actor');
  const charts = actors.flatMap(({ name, chart }) => (chart === null ? [] : [name]));
  assert.deepEqual(charts, ['supervisor', 'challenger', 'solver', 'evaluator']);
  const work = actors
    .filter(({ chart }) => chart === null)
    .map(({ parent, name }) => `${parent?.split('/').at(-1)} ${name}`);
  assert.deepEqual([...new Set(work)].sort(), [
    'challenger rollOut',
    'challenger update',
    'challenger writeBatch',
    'evaluator evaluate',
    'evaluator vote',
    'solver answer',
    'solver rollOut',
    'solver update',
    'supervisor closeIteration',
  ]);
  const steps = actors.filter(({ path }) => path === 'supervisor/solver/0.solver.updating');
  assert.equal(steps.at(-1)?.startedCount, 6); // three in each of two iterations
});

test('the states of the run change as its chart says, and its end is told', () => {
  const phases = messages
    .filter((message) => message.kind === 'state')
    .filter(({ path, status }) => path === 'supervisor' && status === 'active')
    .map(({ value }) => Reflect.get(Object(Reflect.get(Object(value), 'running')), 'phase'));
  const iteration = ['trainingChallenger', 'writingCurriculum', 'trainingSolver', 'evaluating', 'closingIteration'];
  assert.deepEqual(
    phases.filter((phase, i) => phase !== phases[i - 1]),
    ['evaluatingBase', ...iteration, ...iteration],
  );
  assert.equal(messages.at(-1)?.kind, 'ended');
});

test('messages between the roles are told with who sent them, and what workers did is added up', () => {
  const ways = messages
    .filter((message) => message.kind === 'event')
    .map(({ from, to, type }) => `${from?.split('/').at(-1)} ${type} ${to.split('/').at(-1)}`);
  for (const way of [
    'supervisor challenger.train challenger',
    'challenger questions.written solver',
    'solver answers.given evaluator',
    'evaluator votes.counted challenger',
    'solver solver.trained supervisor',
  ])
    assert.ok(ways.includes(way), way);
  const last = messages.filter((message) => message.kind === 'workers').at(-1);
  const names = new Set(last?.workers.map(({ worker }) => worker));
  assert.ok(names.has('model 0') && names.has('grading'));
});

test('the process ends with the run, and its weights are those of a run that nobody watched', () => {
  assert.equal(code, 0);
  const weights = 'SELECT iteration, role, kind, sha256 FROM checkpoints ORDER BY iteration, role, kind';
  const watched = query<object>(watchedDb, weights);
  assert.equal(watched.length, 6);
  assert.deepEqual(watched, query<object>(plainDb, weights));
});

/** Where the run says that it can be watched. */
async function address(): Promise<string> {
  let text = '';
  for await (const piece of child.stderr.setEncoding('utf8')) {
    text += piece;
    const [, url] = /inspector at (\S+)/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  return assert.fail(text);
}

async function messagesAt(url: string): Promise<readonly InspectorMessage[]> {
  const text = await (await fetch(`${url}/events`)).text();
  return text
    .split('\n\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.slice('data: '.length)));
}
