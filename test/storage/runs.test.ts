import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InternalError, UsageError } from '../../src/errors.js';
import { Random, stream } from '../../src/random.js';
import { commit } from '../../storage/connection.js';
import { latestUnfinishedRun, runDetails } from '../../storage/find-run.js';
import { createRun, finishRun, interruptRun, listRuns, newRunId, reopenRun } from '../../storage/runs.js';
import { aRun, database } from './support.js';

const FINISHED = '2026-01-02T04:00:00.000Z';

function usageError(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

test('a run is read back with its configuration', (t) => {
  const db = database(t, 'r7f3k2');
  const end = { status: 'running', finishedAt: null, endReason: null, error: null } as const;
  assert.deepEqual(runDetails(db, 'r7f3k2'), { ...aRun('r7f3k2'), ...end });
});

test('a run is found by the beginning of its id, an exact id first', (t) => {
  const db = database(t, 'r7f3k2', 'r7aaaa', 'r7f3k2z');
  assert.equal(runDetails(db, 'r7a').id, 'r7aaaa');
  assert.equal(runDetails(db, 'r7f3k2').id, 'r7f3k2');
});

test('a run that is not there is refused with the nearest id, one of several with their ids', (t) => {
  const db = database(t, 'r7f3k2', 'r7aaaa');
  assert.throws(
    () => runDetails(db, 'r7f3x2'),
    usageError(/no run "r7f3x2" in .*runs\.db \(did you mean "r7f3k2"\?\)/),
  );
  assert.throws(() => runDetails(db, 'r7'), usageError(/"r7" fits 2 runs: r7f3k2, r7aaaa; give more of the id/));
  assert.throws(
    () => runDetails(database(t), 'r7'),
    usageError(/no run "r7": .*runs\.db has none yet; `rzero run` starts one/),
  );
});

test('a run that failed keeps its error and is unfinished; resumed, it runs without one', (t) => {
  const db = database(t, 'rfailed');
  const error = { name: 'NumericalError', message: 'loss is NaN at step 3', details: { step: 3 } };
  commit(db, () => finishRun(db, 'rfailed', { status: 'failed', finishedAt: FINISHED, endReason: null, error }));
  assert.deepEqual(latestUnfinishedRun(db)?.error, error);
  assert.equal(latestUnfinishedRun(db)?.finishedAt, FINISHED);
  commit(db, () => reopenRun(db, 'rfailed'));
  assert.deepEqual(runDetails(db, 'rfailed').error, null);
  assert.equal(runDetails(db, 'rfailed').status, 'running');
});

test('the latest unfinished run passes over those that came to their end', (t) => {
  const db = database(t, 'rold', 'rnew', 'rdone', 'rempty');
  commit(db, () => {
    interruptRun(db, 'rold');
    interruptRun(db, 'rnew');
    finishRun(db, 'rdone', { status: 'done', finishedAt: FINISHED, endReason: null });
    finishRun(db, 'rempty', { status: 'nothing_left', finishedAt: FINISHED, endReason: 'no question was kept' });
  });
  assert.equal(latestUnfinishedRun(db)?.id, 'rnew');
  assert.deepEqual(
    listRuns(db).map((run) => [run.run_id, run.status, run.finished_at]),
    [
      ['rold', 'interrupted', null],
      ['rnew', 'interrupted', null],
      ['rdone', 'done', FINISHED],
      ['rempty', 'nothing_left', FINISHED],
    ],
  );
});

test('a run id is one that no run has', (t) => {
  const db = database(t);
  const draws = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
  const draw = (): number => draws.shift() ?? 0;
  const first = newRunId(db, draw);
  commit(db, () => createRun(db, aRun(first)));
  assert.deepEqual([first, newRunId(db, draw)], ['r22222', 'r33333']);
});

test('run ids pass the table they are made for', (t) => {
  const db = database(t);
  const random = new Random(stream(1, 'run ids'));
  const ids = Array.from({ length: 50 }, () => {
    const id = newRunId(db, (limit) => random.integer(0, limit));
    commit(db, () => createRun(db, aRun(id)));
    return id;
  });
  assert.deepEqual(
    listRuns(db).map((run) => run.run_id),
    ids,
  );
});

test('changing a run that is not there is a bug', (t) => {
  const db = database(t);
  assert.throws(() => commit(db, () => interruptRun(db, 'rnone')), InternalError);
});
