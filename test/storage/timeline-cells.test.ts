import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commit, type Writer } from '../../storage/connection.js';
import { timelineCells } from '../../storage/timeline-cells.js';
import { recordWorkerTask, type WorkerTaskRecord } from '../../storage/worker-tasks.js';
import { database } from './support.js';

const RUN = 'rtime';
const ALL = { fromSeconds: null, toSeconds: null };

function record(db: Writer, runId: string, ...tasks: readonly Partial<WorkerTaskRecord>[]): void {
  const usual = { iteration: 1, sitting: 1, worker: 'model 0', task: 'generate', startedMs: 0, endedMs: 1000 };
  commit(db, () => {
    for (const task of tasks) recordWorkerTask(db, { ...usual, ...task, runId });
  });
}

test('a task is shared out among the columns that it reaches into', (t) => {
  const db = database(t, RUN);
  // 0 to 2.5 s generating, then 2.5 to 4 s training: four columns of a second
  record(db, RUN, { endedMs: 2500 }, { task: 'grpo', startedMs: 2500, endedMs: 4000 });
  const { seconds, column_seconds, cells } = timelineCells(db, RUN, { ...ALL, columns: 4 });
  assert.deepEqual([seconds, column_seconds], [4, 1]);
  assert.deepEqual(
    cells.map(({ column, task, seconds: busy }) => [column, task, busy]),
    [
      [0, 'generate', 1],
      [1, 'generate', 1],
      [2, 'generate', 0.5],
      [2, 'grpo', 0.5],
      [3, 'grpo', 1],
    ],
  );
});

test('the clock stands still between a stop and the resume', (t) => {
  const db = database(t, RUN);
  const later = 1_000_000;
  record(db, RUN, { endedMs: 2000 }, { sitting: 2, iteration: 2, startedMs: later, endedMs: later + 1000 });
  const { seconds, cells, iterations } = timelineCells(db, RUN, { ...ALL, columns: 3 });
  assert.equal(seconds, 3);
  assert.deepEqual(
    cells.map(({ column, seconds: busy }) => [column, busy]),
    [
      [0, 1],
      [1, 1],
      [2, 1],
    ],
  );
  assert.deepEqual(iterations, [
    { iteration: 1, start_seconds: 0 },
    { iteration: 2, start_seconds: 2 },
  ]);
});

test('a window takes only its part, and of a run without tasks there is nothing', (t) => {
  const db = database(t, RUN, 'rnone');
  record(db, RUN, { endedMs: 10_000 });
  const part = timelineCells(db, RUN, { fromSeconds: 2, toSeconds: 4, columns: 2 });
  assert.deepEqual(
    part.cells.map(({ column, seconds }) => [column, seconds]),
    [
      [0, 1],
      [1, 1],
    ],
  );
  const beyond = timelineCells(db, RUN, { fromSeconds: 50, toSeconds: 60, columns: 2 });
  assert.deepEqual(beyond.cells, []);
  assert.deepEqual(timelineCells(db, 'rnone', { ...ALL, columns: 2 }).cells, []);
});

test('whatever the tasks, the columns add up to them and none holds more than itself', (t) => {
  const tasks = fc.array(
    fc.record({
      worker: fc.constantFrom('model 0', 'model 1', 'grading'),
      task: fc.constantFrom('generate', 'grpo'),
      startedMs: fc.integer({ min: 0, max: 100_000 }),
      lengthMs: fc.integer({ min: 1, max: 20_000 }),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(tasks, fc.integer({ min: 1, max: 50 }), (drawn, columns) => {
      const db = database(t, RUN);
      record(db, RUN, ...drawn.map(({ lengthMs, ...task }) => ({ ...task, endedMs: task.startedMs + lengthMs })));
      const { cells, column_seconds } = timelineCells(db, RUN, { ...ALL, columns });
      const total = cells.reduce((sum, { seconds }) => sum + seconds, 0);
      const wanted = drawn.reduce((sum, { lengthMs }) => sum + lengthMs / 1000, 0);
      assert.ok(Math.abs(total - wanted) < 1e-6 * wanted, `${total} and ${wanted}`);
      assert.ok(cells.every(({ column, seconds }) => column < columns && seconds > 0));
      const alone = drawn.length === 1;
      assert.ok(!alone || cells.every(({ seconds }) => seconds <= column_seconds * (1 + 1e-9)));
    }),
    { numRuns: 25 },
  );
});
