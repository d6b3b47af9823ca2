import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TimelineRow, WorkerUtilisationRow } from '../../storage/views.js';
import { rzero } from '../support/command-line.js';
import { finishedRun, query, signalled, smallRun, workFolder } from './support.js';

/** How busy the workers of a whole run were, as it recorded it. */

const folder = workFolder();
const timelineOf = (db: string): readonly TimelineRow[] =>
  query<TimelineRow>(db, 'SELECT * FROM timeline ORDER BY start_seconds');

test('every worker has a timeline in which it does one task at a time, under each iteration', async () => {
  const db = join(folder, 'run.db');
  await finishedRun(db);
  const rows = timelineOf(db);
  const workers = ['grading', 'model 0', 'model 1'];
  assert.deepEqual([...new Set(rows.map(({ worker }) => worker))].sort(), workers);
  for (const worker of workers) {
    const own = rows.filter((row) => row.worker === worker);
    for (const [i, { start_seconds, end_seconds }] of own.entries())
      assert.ok(end_seconds >= start_seconds && start_seconds >= (own[i - 1]?.end_seconds ?? 0), worker);
  }
  const tasksOf = (iteration: number): ReadonlySet<string> =>
    new Set(rows.filter((row) => row.iteration === iteration).map(({ task }) => task));
  assert.deepEqual([...tasksOf(0)], ['generate', 'gradeAnswers']);
  for (const iteration of [1, 2])
    for (const task of ['generate', 'vote', 'cluster', 'reward', 'gradeAnswers'])
      assert.ok(tasksOf(iteration).has(task), task);
  for (const task of ['grpo', 'update'])
    assert.ok(
      rows.some((row) => row.task === task),
      task,
    );

  const shares = query<WorkerUtilisationRow>(db, "SELECT * FROM worker_utilisation WHERE worker LIKE 'model %'");
  assert.equal(shares.length, 6); // two workers in three iterations
  for (const { busy_share } of shares) assert.ok(busy_share !== null && busy_share > 0 && busy_share <= 1);
});

test('a resumed run keeps what was done before, and adds to it', async () => {
  const db = join(folder, 'stopped.db');
  await signalled(smallRun(db), db, 'SIGKILL', 20);
  const before = timelineOf(db);
  assert.ok(before.length > 0);
  assert.equal((await rzero(['resume', '--db', db])).code, 0);
  const after = timelineOf(db);
  assert.ok(after.length > before.length);
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual(query(db, 'SELECT DISTINCT sitting FROM worker_tasks ORDER BY sitting'), [
    { sitting: 1 },
    { sitting: 2 },
  ]);
});
