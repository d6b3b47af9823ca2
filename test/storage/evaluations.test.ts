import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { commit, type Writer } from '../../storage/connection.js';
import { openWriter } from '../../storage/database.js';
import {
  evaluationScores,
  failuresOf,
  findEvaluation,
  resultsOf,
  resultsOfRun,
} from '../../storage/evaluation-results.js';
import { type NewEvaluation, newEvaluationId, type ResultRecord, recordEvaluation } from '../../storage/evaluations.js';
import { CREATE_TABLES } from '../../storage/migrations/0001-tables.js';
import { CREATE_WORKER_TASKS } from '../../storage/migrations/0002-worker-tasks.js';
import { ALLOW_UNKNOWN_LOGPROBS } from '../../storage/migrations/0003-unknown-logprobs.js';
import { anEvaluation, aResult } from '../support/evaluations.js';
import { temporaryFolder } from '../support/temporary.js';
import { database } from './support.js';

const RUN = 'r1';

function stored(t: TestContext, ...all: readonly (readonly [NewEvaluation, readonly ResultRecord[]])[]): Writer {
  const db = database(t, RUN);
  commit(db, () => {
    for (const [evaluation, results] of all) recordEvaluation(db, evaluation, results);
  });
  return db;
}

test('an evaluation is kept with its protocol, its items and every answer', (t) => {
  const db = stored(t, [anEvaluation('e1'), [aResult()]]);
  const [result] = resultsOf(db, 'e1');
  assert.deepEqual(result?.protocol, aResult().protocol);
  assert.deepEqual(result?.rightCounts, [1, 0]);
  assert.equal(result?.answers, 2);
  assert.deepEqual(failuresOf(db, 'e1', 10), [
    {
      evaluation_id: 'e1',
      benchmark: 'gsm8k',
      metric: 'greedy',
      item: 1,
      sample: 0,
      question: 'What is 2 plus 2?',
      gold: '4',
      text: 'so \\boxed{5}',
      extracted: '5',
      is_right: 0,
      tokens: 7,
      finished: 1,
    },
  ]);
  const [score] = evaluationScores(db, 'e1');
  assert.deepEqual([score?.target, score?.score, score?.shots, score?.grader_version], ['tiny', 50, 0, 1]);
});

test('a question that is asked again is stored once', (t) => {
  const db = stored(
    t,
    [anEvaluation('e1'), [aResult()]],
    [anEvaluation('e2'), [aResult(), aResult({ metric: 'mean@1' })]],
  );
  assert.deepEqual(db.all('SELECT count(*) AS n FROM evaluation_items', {}), [{ n: 2 }]);
  assert.deepEqual(db.all('SELECT count(*) AS n FROM evaluation_answers_given', {}), [{ n: 6 }]);
});

test('results of the same items in the same order have one hash, and of others another', (t) => {
  const items = [...aResult().items].reverse();
  const db = stored(t, [
    anEvaluation('e1'),
    [aResult(), aResult({ metric: 'mean@1' }), aResult({ metric: 'x', items })],
  ]);
  const [first, second, third] = resultsOf(db, 'e1').map(({ itemsSha256 }) => itemsSha256);
  assert.equal(first, second);
  assert.notEqual(first, third);
});

test("a run's own evaluation of an iteration replaces the earlier one, and goes with its run", (t) => {
  const own = { origin: 'run', runId: RUN, iteration: 2, target: `${RUN}@2` } as const;
  const db = stored(
    t,
    [anEvaluation('e1', own), [aResult({ answers: null })]],
    [anEvaluation('e2', own), [aResult({ answers: null, score: 0, rightCounts: [0, 0] })]],
  );
  assert.deepEqual(
    [...resultsOfRun(db, RUN)].map(([iteration, results]) => [iteration, results[0]?.score, results[0]?.answers]),
    [[2, 0, 0]],
  );
  commit(db, () => db.run('DELETE FROM runs WHERE id = @id', { id: RUN }));
  assert.deepEqual(db.all('SELECT * FROM evaluation_results', {}), []);
});

test("an evaluation is found by its id, by the beginning of it, and a run's own by its iteration", (t) => {
  const own = { origin: 'run', runId: RUN, iteration: 2, target: `${RUN}@2` } as const;
  const db = stored(
    t,
    [anEvaluation('eab'), [aResult()]],
    [anEvaluation('eac'), [aResult()]],
    [anEvaluation('ezz', own), [aResult()]],
  );
  const found = (name: string | null) => findEvaluation(db, name).id;
  assert.deepEqual([found('eab'), found('eac'), found('ez'), found(`${RUN}@2`)], ['eab', 'eac', 'ezz', 'ezz']);
  assert.equal(found(null), 'eac'); // the latest that was asked for
  assert.throws(() => found('ea'), /fits 2 evaluations: eab, eac; give more of it/);
  assert.throws(() => found('eabb'), /there is no evaluation "eabb" in .*did you mean "eab"/);
  assert.throws(() => found(`${RUN}@1`), /did you mean "r1@2"/);
});

test('a database without evaluations says how to make one', (t) => {
  const db = database(t);
  assert.throws(() => findEvaluation(db, null), /has no evaluations yet; `rzero eval` makes one/);
  assert.throws(() => findEvaluation(db, 'e1'), /has none yet; `rzero eval` makes one/);
});

test('an id is drawn anew where it is taken', (t) => {
  const db = stored(t, [anEvaluation('e22222'), [aResult()]]);
  const draws = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
  assert.equal(
    newEvaluationId(db, () => draws.shift() ?? 0),
    'e32222',
  );
});

test('a database of version 3 keeps its runs and takes evaluations', (t) => {
  const file = `${temporaryFolder(t)}/old.db`;
  const old = new Sqlite(file);
  for (const step of [CREATE_TABLES, CREATE_WORKER_TASKS, ALLOW_UNKNOWN_LOGPROBS]) old.exec(step);
  old.exec(`
    PRAGMA application_id = ${0x727a3064};
    PRAGMA user_version = 3;
    INSERT INTO runs (id, preset, model, seed, iterations, config, status, started_at, rzero_version)
      VALUES ('r1', 'tiny', 'tiny', 0, 1, '{}', 'running', '2026-01-01T00:00:00.000Z', '0.1.0');
  `);
  old.close();
  const db = openWriter(file);
  t.after(() => db.close());
  commit(db, () => recordEvaluation(db, anEvaluation('e1', { runId: 'r1', iteration: 0 }), [aResult()]));
  assert.deepEqual(db.all('SELECT run_id FROM evaluation_scores', {}), [{ run_id: 'r1' }]);
});
