import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import type { ActorTold, InspectorMessage, StateTold } from '../../../bin/inspect/messages.js';
import { RunFeed } from '../../../bin/inspect/run-feed.js';
import { createSupervisor } from '../../../machines/supervisor.js';
import { FakeWork, SHORT_PLAN } from '../../support/fake-work.js';

const told = ({ feed }: RunFeed): readonly InspectorMessage[] => feed.replay().map((text) => JSON.parse(text));
const actorsIn = (messages: readonly InspectorMessage[]): readonly ActorTold[] =>
  messages.filter((message) => message.kind === 'actor');
const stateOf = (messages: readonly InspectorMessage[], path: string): StateTold | undefined =>
  messages.filter((message) => message.kind === 'state').findLast((message) => message.path === path);

test('the actors of a run are told under their places, with their charts, states, events and contexts', async () => {
  const run = new RunFeed('1.2.3');
  const work = new FakeWork();
  const supervisor = createActor(createSupervisor(work), {
    input: SHORT_PLAN,
    inspect: (event) => run.inspection(event),
  });
  supervisor.start();
  const before = told(run);
  assert.deepEqual(before[0], { kind: 'opening', rzeroVersion: '1.2.3' });
  assert.deepEqual(
    actorsIn(before).map(({ path, parent, name, chart }) => [path, parent, name, chart?.key ?? null]),
    [
      ['supervisor', null, 'supervisor', 'supervisor'],
      ['supervisor/challenger', 'supervisor', 'challenger', 'challenger'],
      ['supervisor/solver', 'supervisor', 'solver', 'solver'],
      ['supervisor/evaluator', 'supervisor', 'evaluator', 'evaluator'],
      ['supervisor/evaluator/0.evaluator.evaluating', 'supervisor/evaluator', 'evaluate', null],
    ],
  );
  assert.deepEqual(stateOf(before, 'supervisor')?.value, { running: { phase: 'evaluatingBase', pace: 'going' } });
  assert.equal(stateOf(before, 'supervisor/evaluator')?.value, 'evaluating');

  while (supervisor.getSnapshot().status === 'active') {
    work.pending[0]?.complete();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const after = told(run);
  assert.equal(stateOf(after, 'supervisor')?.status, 'done');
  assert.deepEqual(stateOf(after, 'supervisor')?.output, { kind: 'done', iteration: 1 });
  const rollOut = actorsIn(after).find(({ path }) => path === 'supervisor/solver/0.solver.rollingOut');
  assert.deepEqual([rollOut?.name, rollOut?.startedCount], ['rollOut', 2]);
  const messages = after.filter((message) => message.kind === 'event');
  const written = messages.find(({ type, to }) => type === 'questions.written' && to === 'supervisor/solver');
  assert.equal(written?.from, 'supervisor/challenger');
  assert.deepEqual(written?.event, {
    type: 'questions.written',
    iteration: 1,
    purpose: 'challenger',
    index: 0,
    questionCount: 10,
    validCount: 8,
  });
});

test('100,000 events, states, tasks and steps of progress become a few hundred messages that count them', () => {
  const run = new RunFeed('1.2.3');
  for (let i = 0; i < 100_000; i++) {
    const path = 'supervisor/solver';
    run.see({ kind: 'event', from: path, to: 'supervisor', type: 'rollout.done', event: { type: 'rollout.done', i } });
    run.see({ kind: 'state', path, status: 'active', value: 'a', context: { i }, output: undefined, error: undefined });
    run.task({ worker: 'model 0', task: 'generate', startedMs: i, endedMs: i + 2 });
    run.progress({ label: 'roll out', done: i, total: 100_000, unit: 'rollouts' });
  }
  run.end();
  const messages = told(run);
  assert.ok(messages.length < 600);
  const events = messages.filter((message) => message.kind === 'event');
  assert.equal(
    events.reduce((sum, { skippedCount }) => sum + 1 + skippedCount, 0),
    100_000,
  );
  assert.deepEqual(stateOf(messages, 'supervisor/solver')?.context, { i: 99_999 });
  const [workers, ...others] = messages.filter((message) => message.kind === 'workers');
  assert.deepEqual(others, []);
  assert.deepEqual(workers?.workers, [
    { worker: 'model 0', lastTask: 'generate', tasks: [{ task: 'generate', count: 100_000, totalMs: 200_000 }] },
  ]);
  assert.equal(messages.find((message) => message.kind === 'progress')?.done, 99_999);
  assert.equal(messages.at(-1)?.kind, 'ended');
});

test('100,000 actors and kinds of events, with texts without end, stay within bounds too', () => {
  const run = new RunFeed('1.2.3');
  const long = 'x'.repeat(100_000);
  for (let i = 0; i < 100_000; i++) {
    const path = `root/${i}`;
    run.see({ kind: 'actor', path, parent: 'root', name: long, chart: null });
    run.see({ kind: 'event', from: null, to: path, type: `${i}${long.slice(0, 500)}`, event: { type: 'x', long } });
  }
  run.end();
  const texts = run.feed.replay();
  assert.ok(texts.length < 1500);
  assert.ok(texts.reduce((sum, text) => sum + text.length, 0) < 3_000_000);
});
