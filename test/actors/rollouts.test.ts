import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import type { RunHistoryRow, TrainingStepRow } from '../../storage/views.js';
import { rzero } from '../support/command-line.js';
import { Answer, fakeServer } from '../support/fake-server.js';
import { llamaServer } from '../support/llama-server.js';
import { peerPackage } from '../support/outside.js';
import { temporaryFolder } from '../support/temporary.js';
import { query, signalled, smallRun, TINY } from './support.js';

/** Whole runs whose rollouts and votes are sampled by a server. */

/** Less than a small run: llama.cpp takes a while for each token. */
const SMALLER = {
  iterations: '1',
  'rollouts.stale': 'true',
  'rl.challenger.questions': '8',
  'rl.curriculum.questions': '16',
  'rl.curriculum.votes': '3',
  'rl.solver.steps': '2',
  'evaluation.items': '2',
};

const statusOf = (db: string): string | undefined =>
  query<RunHistoryRow>(db, 'SELECT status FROM run_history')[0]?.status;

test('a run whose rollouts llama.cpp samples comes to its end, killed in the middle or not', async (t) => {
  const packageFolder = peerPackage(t, 'llama.cpp', 'node-llama-cpp');
  if (packageFolder === null) return;
  const folder = temporaryFolder(t);
  const url = await llamaServer(t, packageFolder, folder, loadCheckpoint(TINY));
  const [whole, killed] = [join(folder, 'whole.db'), join(folder, 'killed.db')];
  const elsewhere = ['--rollouts', `openai:${url}`];

  const printed = await rzero([...smallRun(whole, SMALLER), ...elsewhere]);
  assert.equal(printed.code, 0, printed.stderr);
  assert.match(printed.stderr, /rollouts from http:\/\/127\.0\.0\.1:\d+\/v1, model gguf, in tokens, with log-prob/);
  assert.equal(statusOf(whole), 'done');
  const steps = query<TrainingStepRow & { mean: number | null; max: number | null }>(
    whole,
    `SELECT role, step, tokens, loss, logprob_drift_mean AS mean, logprob_drift_max AS max FROM steps
     WHERE loss IS NOT NULL ORDER BY role, step`,
  );
  assert.ok(steps.length > 0);
  // The server has the base's weights, and so has each role before its first update; after it they part.
  for (const { step, mean } of steps) if (step === 0) assert.ok(mean !== null && mean > 0 && mean < 1e-3, `${mean}`);
  const answered = query<{ count: number; known: number }>(
    whole,
    'SELECT count(*) AS count, count(logprob_sum) AS known FROM answers',
  )[0];
  assert.ok(answered !== undefined && answered.count > 0 && answered.known === answered.count);

  await signalled([...smallRun(killed, SMALLER), ...elsewhere], killed, 'SIGKILL', 6);
  assert.equal((await rzero(['resume', '--db', killed])).code, 0);
  assert.equal(statusOf(killed), 'done');
  const places = 'SELECT role, step FROM training_steps ORDER BY role, step';
  assert.deepEqual(query(killed, places), query(whole, places));
});

/** Each is told before anything is made. */
const REFUSED: readonly (readonly [claim: string, flags: readonly string[], code: number, says: RegExp])[] = [
  ['an address without its kind', ['--rollouts', 'http://127.0.0.1:1/v1'], 2, /Expected openai: and an http address/],
  ['an address of another scheme', ['--rollouts', 'openai:ftp://127.0.0.1/v1'], 2, /Expected openai: and an http/],
  [
    'a key inside an address',
    ['--rollouts', 'openai:http://me:secret@127.0.0.1:1/v1'],
    2,
    /setting rollouts\.url: expected an address .*, with no user or key in it/,
  ],
  [
    'a server that would sample from the base for ever',
    ['--rollouts', 'openai:http://127.0.0.1:1/v1'],
    2,
    /would go on sampling from the base while .* rollouts\.lora=vllm, or allow it with --set rollouts\.stale=true/,
  ],
  [
    'adapters of a run in which all weights learn',
    ['--rollouts', 'openai:http://127.0.0.1:1/v1', '--set', 'rollouts.lora=vllm'],
    2,
    /in this run all weights learn; set lora\.rank above 0/,
  ],
  [
    'a server that is not there',
    ['--rollouts', 'openai:http://127.0.0.1:1/v1', '--set', 'rollouts.stale=true'],
    1,
    /nothing listens at http:\/\/127\.0\.0\.1:1\/v1; start the server/,
  ],
];

for (const [claim, flags, code, says] of REFUSED) {
  test(`${claim} is refused in one sentence, and leaves no database`, async (t) => {
    const db = join(temporaryFolder(t), 'none.db');
    const printed = await rzero(['run', '--db', db, ...flags]);
    assert.equal(printed.code, code, printed.stderr);
    assert.match(printed.stderr, /^rzero: [^\n]*\n$/);
    assert.match(printed.stderr, says);
    assert.equal(existsSync(db), false);
  });
}

const choice = (more: object): object => ({ choices: [{ text: '7', finish_reason: 'stop', ...more }] });

test('old weights are not trained on without log-probabilities, nor on those of another model', async (t) => {
  const flags = ['--set', 'rollouts.stale=true', '--rollouts'];
  const db = join(temporaryFolder(t), 'none.db');
  const silent = await fakeServer(t, { '/completions': () => choice({}) });
  const refused = await rzero(['run', '--db', db, ...flags, `openai:${silent.place.url}`]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /gives no log-probabilities, and without them rollouts of old weights can't be trained/);
  assert.equal(existsSync(db), false);
  const other = await fakeServer(t, {
    '/completions': () =>
      choice({ token_ids: [9, 9, 9], finish_reason: 'length', logprobs: { token_logprobs: [-0.1, -0.1, -0.1] } }),
  });
  const unlike = await rzero(['run', '--db', db, ...flags, `openai:${other.place.url}`]);
  assert.equal(unlike.code, 1);
  assert.match(unlike.stderr, /serves another model than this run's: its log-probabilities are \d+\.\d away from ours/);
});

test('the key goes to the server and nowhere else', async (t) => {
  process.env['OPENAI_API_KEY'] = 'sk-secret-of-the-test';
  t.after(() => {
    delete process.env['OPENAI_API_KEY'];
  });
  const db = join(temporaryFolder(t), 'keyed.db');
  let asked = 0;
  const server = await fakeServer(t, {
    '/completions': () =>
      asked++ < 2
        ? choice({ token_ids: [1], logprobs: { token_logprobs: [-2.5] } })
        : new Answer(400, { error: { message: 'enough' } }),
  });
  const flags = ['--set', 'rollouts.stale=true', '--rollouts', `openai:${server.place.url}`];
  const failed = await rzero(['run', '--db', db, ...flags, '--set', 'evaluation.items=2']);
  assert.equal(failed.code, 1);
  assert.doesNotMatch(failed.stderr, /sk-secret/);
  assert.ok(server.received.every(({ headers }) => headers.authorization === 'Bearer sk-secret-of-the-test'));
  for (const file of [db, `${db}-wal`])
    if (existsSync(file)) assert.equal(readFileSync(file).includes('sk-secret'), false);
});

test('a run that samples here is not resumed elsewhere', async (t) => {
  const db = join(temporaryFolder(t), 'local.db');
  await signalled(smallRun(db), db, 'SIGKILL', 3);
  const printed = await rzero(['resume', '--db', db, '--rollouts', 'openai:http://127.0.0.1:1/v1']);
  assert.equal(printed.code, 2);
  assert.match(printed.stderr, /run \w+ samples its rollouts here, and goes on so; leave --rollouts out/);
});
