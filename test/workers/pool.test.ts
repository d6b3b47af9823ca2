import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interrupted, NumericalError, UsageError, WorkerError } from '../../src/errors.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { shareWeights } from '../../src/policies/state.js';
import { stream } from '../../src/random.js';
import { GradingPool } from '../../src/workers/grading-pool.js';
import { LmPool } from '../../src/workers/pool.js';
import { nowMs, type TaskEntry } from '../../src/workers/task-times.js';
import type { GenerateTask, UpdateTask } from '../../src/workers/tasks.js';
import { engineFor, QWEN3, sharpWeights } from '../support/small-models.js';

const weights = shareWeights(sharpWeights(QWEN3, 1));
const SCORE = { weights, sequences: [{ tokens: [1, 2, 3, 4], start: 1 }] };

const generation = (requestCount: number): GenerateTask => ({
  weights,
  prompts: [[1, 2, 3]],
  requests: Array.from({ length: requestCount }, (_, i) => ({ prompt: 0, key: stream(1, i) })),
  sampling: samplingSettings({ maxTokens: 60, stops: [] }),
});

function badUpdate(): UpdateTask {
  const zeros = (): Float32Array => new Float32Array(parameterLayout(QWEN3).size);
  return {
    optimizer: { optimizer: 'adamw', beta1: 0.9, beta2: 0.99 },
    weights: zeros(),
    gradient: zeros().fill(Number.NaN),
    first: zeros(),
    second: zeros(),
    learningRate: 1,
    muonLearningRate: 0,
    weightDecay: 0,
    gradientClip: 1,
    step: 9,
  };
}

test('every worker computes what an engine on this thread does', async (t) => {
  const pool = new LmPool(QWEN3, 'cpu', 2, 1, () => {});
  t.after(() => pool.close());
  const expected = await engineFor(QWEN3).score(SCORE);
  assert.equal(pool.workerCount, 2);
  assert.deepEqual(await Promise.all([0, 1].map((worker) => pool.run(worker, 'score', SCORE))), [expected, expected]);
});

test('new weights are seen under a new version, and old ones kept beside them', async (t) => {
  const pool = new LmPool(QWEN3, 'cpu', 1, 1, () => {});
  t.after(() => pool.close());
  const other = shareWeights(sharpWeights(QWEN3, 2));
  const first = await pool.run(0, 'score', SCORE);
  const second = await pool.run(0, 'score', { ...SCORE, weights: other });
  assert.notDeepEqual(second, first);
  assert.deepEqual(await pool.run(0, 'score', SCORE), first);
});

test('a failing task rejects with its class and details, and the worker goes on', async (t) => {
  const pool = new LmPool(QWEN3, 'cpu', 1, 1, () => {});
  t.after(() => pool.close());
  await assert.rejects(
    pool.run(0, 'update', badUpdate()),
    (error) => error instanceof NumericalError && error.details['step'] === 9,
  );
  await assert.rejects(pool.run(0, 'generate', { ...generation(1), prompts: [[]] }), UsageError);
  assert.equal((await pool.run(0, 'score', SCORE))[0]?.length, 3);
});

test("an error of the engine's own is a WorkerError that names the task", async (t) => {
  const pool = new LmPool(QWEN3, 'cpu', 1, 1, () => {});
  t.after(() => pool.close());
  const sequences = [{ tokens: [1, 9999, 2], start: 1 }]; // beyond the vocabulary: ONNX Runtime refuses it
  await assert.rejects(
    pool.run(0, 'score', { weights, sequences }),
    (error) => error instanceof WorkerError && error.details['task'] === 'score' && error.message.includes('"score"'),
  );
  assert.equal((await pool.run(0, 'score', SCORE))[0]?.length, 3);
});

test('cancel makes running and later tasks reject as interrupted', async (t) => {
  const pool = new LmPool(QWEN3, 'cpu', 2, 1, () => {});
  t.after(() => pool.close());
  await pool.run(0, 'score', SCORE); // its thread is up: what it is given next begins at once
  const running = pool.run(0, 'generate', generation(4000));
  const queued = pool.run(0, 'generate', generation(1));
  await pool.run(1, 'generate', generation(1));
  pool.cancel();
  for (const result of await Promise.allSettled([running, queued]))
    assert.ok(result.status === 'rejected' && result.reason instanceof Interrupted);
  await assert.rejects(pool.run(1, 'score', SCORE), Interrupted);
});

test('each task is told with its worker and its times, a failed one too, and no worker does two at a time', async (t) => {
  const entries: TaskEntry[] = [];
  const pool = new LmPool(QWEN3, 'cpu', 2, 1, (entry) => entries.push(entry));
  t.after(() => pool.close());
  const before = nowMs();
  await Promise.all([
    ...[0, 1, 0, 1, 0].map((worker) => pool.run(worker, 'score', SCORE)),
    assert.rejects(pool.run(1, 'update', badUpdate()), NumericalError),
  ]);
  const after = nowMs();
  assert.deepEqual(entries.map(({ worker, task }) => `${worker} ${task}`).sort(), [
    'model 0 score',
    'model 0 score',
    'model 0 score',
    'model 1 score',
    'model 1 score',
    'model 1 update',
  ]);
  for (const { startedMs, endedMs } of entries)
    assert.ok(before <= startedMs && startedMs <= endedMs && endedMs <= after);
  for (const worker of ['model 0', 'model 1']) {
    const own = entries.filter((entry) => entry.worker === worker).sort((a, b) => a.startedMs - b.startedMs);
    for (const [i, { startedMs }] of own.slice(1).entries()) assert.ok(startedMs >= (own[i]?.endedMs ?? 0));
  }
});

test('grading is told of in the same way, under the name of its one worker', async (t) => {
  const entries: TaskEntry[] = [];
  const pool = new GradingPool((entry) => entries.push(entry));
  t.after(() => pool.close());
  const before = nowMs();
  await pool.run('vote', [['4', '4', '5']]);
  const [entry, ...others] = entries;
  assert.ok(entry !== undefined && others.length === 0);
  assert.deepEqual([entry.worker, entry.task], ['grading', 'vote']);
  assert.ok(before <= entry.startedMs && entry.startedMs <= entry.endedMs && entry.endedMs <= nowMs());
});

test('close waits for what is running and for what is queued behind it', async () => {
  const pool = new LmPool(QWEN3, 'cpu', 1, 1, () => {});
  const order: string[] = [];
  const tasks = [50, 2].map(async (count) => {
    const sequences = await pool.run(0, 'generate', generation(count));
    order.push(`${sequences.length} sequences`);
  });
  await Promise.all([...tasks, pool.close().then(() => order.push('closed'))]);
  assert.deepEqual(order, ['50 sequences', '2 sequences', 'closed']);
});
