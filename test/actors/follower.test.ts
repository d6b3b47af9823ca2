import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunFollower, RunTask } from '../../actors/follower.js';
import { startRun } from '../../actors/run.js';
import type { Fact } from '../../machines/messages.js';
import { query, smallConfig, workFolder } from './support.js';

const db = join(workFolder(), 'run.db');
const begun: string[] = [];
const phases = new Set<string>();
const facts: Fact[] = [];
/** Events that were committed when each fact was told. */
const committed: number[] = [];
const tasks: RunTask[] = [];
const follower: RunFollower = {
  onBegin: (runId) => begun.push(runId),
  onState: ({ phase, iteration }) => phases.add(`${phase} ${iteration}`),
  onFact: (fact) => {
    facts.push(fact);
    committed.push(query<{ events: number }>(db, 'SELECT count(*) AS events FROM events')[0]?.events ?? 0);
  },
  onTask: (task) => tasks.push(task),
};
const run = await startRun({
  config: smallConfig(),
  databaseFile: db,
  rzeroVersion: '0.0.0',
  signal: new AbortController().signal,
  serverKey: null,
  oracleKey: null,
  onProgress: () => {},
  onNews: () => {},
  follower,
});

test('a follower hears every fact that is kept, in order, once it can be read', () => {
  assert.equal(run.status, 'done');
  assert.deepEqual(begun, [run.runId]);
  const kept = query<{ payload: string }>(db, "SELECT payload FROM events WHERE actor = 'supervisor' ORDER BY id");
  assert.deepEqual(
    facts,
    kept.map(({ payload }) => JSON.parse(payload)),
  );
  committed.forEach((count, i) => void assert.ok(count > i, `fact ${i} was told with ${count} events committed`));
});

test('a follower sees each phase, and hears of each task that is kept', () => {
  const iteration = ['trainingChallenger', 'writingCurriculum', 'trainingSolver', 'evaluating', 'closingIteration'];
  assert.deepEqual(
    [...phases],
    ['evaluatingBase 0', ...[1, 2].flatMap((number) => iteration.map((phase) => `${phase} ${number}`))],
  );
  const kept = query(
    db,
    'SELECT iteration, worker, task, started_ms AS startedMs, ended_ms AS endedMs FROM worker_tasks ORDER BY rowid',
  );
  assert.deepEqual(
    tasks.map(({ iteration, worker, task, startedMs, endedMs }) => ({ iteration, worker, task, startedMs, endedMs })),
    kept,
  );
});
