import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { commit, type Writer } from '../../storage/connection.js';
import { openReader, openWriter } from '../../storage/database.js';
import { SCHEMA_VERSION } from '../../storage/migrate.js';
import { CREATE_TABLES } from '../../storage/migrations/0001-tables.js';
import { createRun, listRuns } from '../../storage/runs.js';
import {
  modelUtilisation,
  nextSitting,
  recordWorkerTask,
  timeline,
  workerUtilisation,
} from '../../storage/worker-tasks.js';
import { aRun, database, STARTED, temporaryFolder } from './support.js';

const RUN = 'rtimes';
const T0 = Date.parse(STARTED);

/** A task from `from` to `to` seconds after the start. */
function record(db: Writer, worker: string, task: string, from: number, to: number, where: object = {}): void {
  const times = { startedMs: T0 + 1000 * from, endedMs: T0 + 1000 * to };
  commit(db, () => recordWorkerTask(db, { runId: RUN, iteration: 1, sitting: 1, worker, task, ...times, ...where }));
}

test('a database of version 1 is brought to this version with its runs, and then has a timeline', (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  const old = new Sqlite(file);
  old.exec(CREATE_TABLES);
  old.exec(`INSERT INTO runs (id, status, preset, model, seed, iterations, config, started_at, rzero_version)
    VALUES ('${RUN}', 'interrupted', 'tiny', 'tiny', 0, 1, '{}', '${STARTED}', '0.1.0')`);
  old.pragma('application_id = 0x727a3064');
  old.pragma('user_version = 1');
  old.close();
  assert.throws(() => openReader(file), /is of version 1, this program reads \d+; `rzero run` updates it/);

  const db = openWriter(file);
  t.after(() => db.close());
  assert.deepEqual(db.get('SELECT user_version AS version FROM pragma_user_version', {}), { version: SCHEMA_VERSION });
  assert.deepEqual(
    listRuns(db).map(({ run_id }) => run_id),
    [RUN],
  );
  assert.deepEqual(timeline(db, RUN), []);
  record(db, 'model 0', 'generate', 0, 1);
  assert.equal(timeline(db, RUN).length, 1);
});

test('the timeline counts from the first task of the run, whatever was recorded first', (t) => {
  const db = database(t, RUN);
  record(db, 'model 1', 'grpo', 2.5, 4);
  record(db, 'model 0', 'generate', 0.25, 2.25, { iteration: 0 });
  assert.deepEqual(timeline(db, RUN), [
    {
      run_id: RUN,
      iteration: 0,
      worker: 'model 0',
      task: 'generate',
      started_at: '2026-01-02T03:04:05.250Z',
      ended_at: '2026-01-02T03:04:07.250Z',
      start_seconds: 0,
      end_seconds: 2,
      seconds: 2,
    },
    {
      run_id: RUN,
      iteration: 1,
      worker: 'model 1',
      task: 'grpo',
      started_at: '2026-01-02T03:04:07.500Z',
      ended_at: '2026-01-02T03:04:09.000Z',
      start_seconds: 2.25,
      end_seconds: 3.75,
      seconds: 1.5,
    },
  ]);
});

test('a worker is busy for the sum of its tasks, of the time from the first task of any to the last end', (t) => {
  const db = database(t, RUN);
  record(db, 'model 0', 'generate', 0, 3);
  record(db, 'model 0', 'grpo', 4, 6);
  record(db, 'grading', 'vote', 7, 8);
  assert.deepEqual(
    workerUtilisation(db, RUN).map((row) => [row.worker, row.busy_seconds, row.wall_seconds, row.busy_share]),
    [
      ['grading', 1, 8, 1 / 8],
      ['model 0', 5, 8, 5 / 8],
    ],
  );
});

test('the night between a stop and the resume is not wall time', (t) => {
  const db = database(t, RUN);
  record(db, 'model 0', 'generate', 0, 3);
  assert.equal(nextSitting(db, RUN), 2);
  record(db, 'model 0', 'generate', 30_000, 30_001, { sitting: 2 });
  const [row, ...others] = workerUtilisation(db, RUN);
  assert.deepEqual([row?.busy_seconds, row?.wall_seconds, row?.busy_share, others.length], [4, 4, 1, 0]);
});

test('the time of the model workers is that of their tasks and of being idle, also for one that had nothing to do', (t) => {
  const db = database(t, RUN);
  record(db, 'model 0', 'generate', 0, 1, { iteration: 0 });
  record(db, 'model 0', 'generate', 2, 5);
  record(db, 'model 1', 'generate', 2, 4);
  record(db, 'grading', 'reward', 5, 6);
  record(db, 'model 0', 'update', 6, 7);
  assert.deepEqual(modelUtilisation(db, RUN), [
    { iteration: 0, wall_seconds: 1, workers: 2, busy_share: 0.5, idle_seconds: 1, tasks: { generate: 1 } },
    // 3 + 2 + 1 of 2 · 5 seconds
    { iteration: 1, wall_seconds: 5, workers: 2, busy_share: 0.6, idle_seconds: 4, tasks: { generate: 5, update: 1 } },
  ]);
});

test('a run that is deleted takes its timeline along, and a task that ends before it began is refused', (t) => {
  const db = database(t, RUN);
  record(db, 'model 0', 'generate', 0, 1);
  assert.throws(() => record(db, 'model 0', 'generate', 1, 0), /CHECK constraint failed/);
  commit(db, () => {
    createRun(db, aRun('rother'));
    db.run('DELETE FROM runs WHERE id = @run', { run: RUN });
  });
  assert.deepEqual(db.all('SELECT * FROM worker_tasks', {}), []);
});
