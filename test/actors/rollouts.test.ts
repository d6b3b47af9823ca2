import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import type { RunHistoryRow, TrainingStepRow } from '../../storage/views.js';
import { rzero } from '../support/command-line.js';
import { adapterServer, textServer } from '../support/engine-server.js';
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

test('a server that is given the adapters after each update samples from the policy that learns', async (t) => {
  const lora = { rank: 4, alpha: 8, targets: [...LORA_TARGETS] };
  const server = await adapterServer(t, TINY, lora);
  const folder = temporaryFolder(t);
  const [db, adapters] = [join(folder, 'adapters.db'), join(folder, 'adapters')];
  const settings = {
    ...SMALLER,
    iterations: '2',
    'lora.rank': '4',
    'lora.alpha': '8',
    'rl.solver.lr': '0.01',
    'rollouts.stale': 'false',
    'rollouts.lora': 'vllm',
    'rollouts.loraFolder': adapters,
  };
  const printed = await rzero([...smallRun(db, settings), '--rollouts', `openai:${server.place.url}`]);
  assert.equal(printed.code, 0, printed.stderr);
  assert.equal(statusOf(db), 'done');
  const drifts = query<{ max: number }>(db, 'SELECT logprob_drift_max AS max FROM steps WHERE loss IS NOT NULL');
  assert.ok(drifts.length > 4);
  for (const { max } of drifts) assert.ok(max < 1e-3, `${max}`);
  const loads = server.requests('/load_lora_adapter').map(({ body }) => String(body['lora_name']));
  assert.equal(new Set(loads).size, loads.length, 'each version once');
  assert.ok(loads.length > drifts.length);
  const asked = server.requests('/completions').slice(2); // it was met twice
  assert.ok(
    asked.every(({ body }) => loads.includes(String(body['model']))),
    'nothing is asked of the base',
  );
  assert.ok(readdirSync(adapters).length <= 4, 'two versions of each role');
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

test('a server of text alone serves a run, and what it samples from is computed here', async (t) => {
  const server = await textServer(t, TINY);
  const db = join(temporaryFolder(t), 'text.db');
  const settings = { ...SMALLER, 'rl.solver.steps': '5', 'rl.solver.questions': '8' };
  const printed = await rzero([...smallRun(db, settings), '--rollouts', `openai:${server.place.url}`]);
  assert.equal(printed.code, 0, printed.stderr);
  assert.match(printed.stderr, /, model base, in text, without log-probabilities: the base's here stand in\n/);
  const drifts = query<{ mean: number; max: number }>(
    db,
    `SELECT logprob_drift_mean AS mean, logprob_drift_max AS max FROM steps
     WHERE role = 'solver' AND loss IS NOT NULL ORDER BY step`,
  );
  assert.ok(drifts.length > 1);
  assert.ok((drifts[0]?.max ?? 1) < 1e-3, 'before its first update the Solver is the base');
  assert.ok(
    drifts.slice(1).every(({ mean }) => mean > 1e-5),
    'and then not',
  );
  const [answers] = query<{ count: number; known: number; valued: number }>(
    db,
    'SELECT count(*) AS count, count(logprob_sum) AS known, count(answer) AS valued FROM answers',
  );
  assert.ok(answers !== undefined && answers.count > 0 && answers.known === 0 && answers.valued > 0);
});

test('a server of another model is refused', async (t) => {
  const db = join(temporaryFolder(t), 'none.db');
  const server = await fakeServer(t, {
    '/completions': () =>
      choice({ token_ids: [9, 9, 9], finish_reason: 'length', logprobs: { token_logprobs: [-0.1, -0.1, -0.1] } }),
  });
  const flags = ['--set', 'rollouts.stale=true', '--rollouts', `openai:${server.place.url}`];
  const printed = await rzero(['run', '--db', db, ...flags]);
  assert.equal(printed.code, 1);
  assert.match(
    printed.stderr,
    /serves another model than this run's: its log-probabilities are \d+\.\d away from ours/,
  );
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
