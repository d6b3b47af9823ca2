import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { commit, type Writer } from '../../storage/connection.js';
import { openWriter } from '../../storage/database.js';
import { labelOracles } from '../../storage/label-oracles.js';
import { labelsToJudge, recordLabelCheck } from '../../storage/labels.js';
import { CREATE_TABLES } from '../../storage/migrations/0001-tables.js';
import { CREATE_WORKER_TASKS } from '../../storage/migrations/0002-worker-tasks.js';
import { ALLOW_UNKNOWN_LOGPROBS } from '../../storage/migrations/0003-unknown-logprobs.js';
import { CREATE_EVALUATIONS } from '../../storage/migrations/0004-evaluations.js';
import { recordQuestions } from '../../storage/questions.js';
import { findVerdict, recordVerdict, type VerdictRecord } from '../../storage/verdicts.js';
import { keptQuestions, recordVote } from '../../storage/votes.js';
import { aQuestion, aVerdict, aVote, database, JUDGE, STARTED, temporaryFolder } from './support.js';

const RUN = 'rjudge';

const keep = (db: Writer, changes: Partial<VerdictRecord> = {}): number =>
  commit(db, () => recordVerdict(db, aVerdict({ runId: RUN, ...changes })));

/** Kept questions of an iteration of the run, and one that was dropped. */
function voted(db: Writer, iteration: number, questions: readonly string[]): readonly number[] {
  return commit(db, () => {
    const batch = { runId: RUN, iteration, phase: 'curriculum', batch: 0 } as const;
    const texts = [...questions, 'dropped'];
    const ids = recordQuestions(
      db,
      batch,
      texts.map((question) => aQuestion({ question })),
    );
    for (const [i, id] of ids.entries())
      recordVote(db, id, aVote(texts[i] === 'dropped' ? { kept: false, dropReason: 'too_easy' } : {}));
    return ids;
  });
}

test('a verdict is found again by the same judge on the same question, and by no other', (t) => {
  const db = database(t, RUN);
  const id = keep(db);
  assert.deepEqual(findVerdict(db, JUDGE, 'How many?'), { id, answer: '42' });
  for (const other of [{ url: 'http://127.0.0.1:2/v1' }, { model: 'judge-2' }, { promptVersion: 2 }])
    assert.equal(findVerdict(db, { ...JUDGE, ...other }, 'How many?'), undefined);
  assert.equal(findVerdict(db, JUDGE, 'how many?'), undefined);
});

test('an answer counts whatever room it had, and a reply without one only with as much room as now', (t) => {
  const db = database(t, RUN);
  const unread = keep(db, { answer: null });
  assert.deepEqual(findVerdict(db, { ...JUDGE, maxTokens: 32 }, 'How many?'), { id: unread, answer: null });
  assert.equal(findVerdict(db, { ...JUDGE, maxTokens: 128 }, 'How many?'), undefined);
  const read = keep(db, { maxTokens: 128 });
  for (const maxTokens of [32, 64, 128, 4096])
    assert.deepEqual(findVerdict(db, { ...JUDGE, maxTokens }, 'How many?'), { id: read, answer: '42' });
});

test('whatever a question and an answer are made of, the verdict is found by it', (t) => {
  const db = database(t, RUN);
  const text = fc.string({ unit: 'binary', minLength: 1 });
  const property = fc.property(text, text, (question, answer) => {
    const id = keep(db, { question, answer });
    assert.deepEqual(findVerdict(db, JUDGE, question), { id, answer });
    assert.equal(keep(db, { question, answer }), id);
  });
  fc.assert(property, { numRuns: 40 });
});

test('kept questions that could not be computed are for the judge, those it has judged included', (t) => {
  const db = database(t, RUN);
  const [computed = 0, judged = 0, open = 0] = voted(db, 1, ['computed', 'judged', 'open']);
  const verdictId = keep(db);
  commit(db, () => {
    recordLabelCheck(db, computed, { oracleAnswer: '124', labelCorrect: true, verdictId: null });
    recordLabelCheck(db, judged, { oracleAnswer: '42', labelCorrect: false, verdictId });
  });
  assert.deepEqual(labelsToJudge(db, RUN, 1), [
    { questionId: judged, question: 'judged', pseudoLabel: '124', judged: 1 },
    { questionId: open, question: 'open', pseudoLabel: '124', judged: 0 },
  ]);
  assert.deepEqual(labelsToJudge(db, RUN, 2), []);
});

test('what the Solver trains on is the same whatever an oracle has said', (t) => {
  const db = database(t, RUN);
  const ids = voted(db, 1, ['a', 'b']);
  const before = keptQuestions(db, RUN, 1);
  const verdictId = keep(db, { answer: '7' });
  commit(db, () => {
    for (const id of ids) recordLabelCheck(db, id, { oracleAnswer: '7', labelCorrect: false, verdictId });
  });
  assert.deepEqual(keptQuestions(db, RUN, 1), before);
});

test('each oracle has its labels by iteration, and what the run itself paid for', (t) => {
  const db = database(t, RUN, 'rother');
  const [a = 0, b = 0, c = 0, d = 0] = voted(db, 1, ['a', 'b', 'c', 'd']);
  const [e = 0] = voted(db, 2, ['e']);
  const right = keep(db, { question: 'b' });
  const wrong = keep(db, { question: 'c', promptTokens: null, completionTokens: 5 });
  const unread = keep(db, { question: 'd', answer: null });
  const older = keep(db, { question: 'e', runId: 'rother' });
  commit(db, () => {
    recordLabelCheck(db, a, { oracleAnswer: '124', labelCorrect: true, verdictId: null });
    recordLabelCheck(db, b, { oracleAnswer: '124', labelCorrect: true, verdictId: right });
    recordLabelCheck(db, c, { oracleAnswer: '42', labelCorrect: false, verdictId: wrong });
    recordLabelCheck(db, d, { oracleAnswer: null, labelCorrect: null, verdictId: unread });
    recordLabelCheck(db, e, { oracleAnswer: '124', labelCorrect: true, verdictId: older });
  });
  const none = { unread: 0, asked: 0, prompt_tokens: 0, completion_tokens: 0 };
  assert.deepEqual(labelOracles(db, RUN), [
    { iteration: 1, model: null, labels: 1, right: 1, ...none },
    // b and c: 100 tokens and an unknown count; d as well
    {
      iteration: 1,
      model: 'judge-1',
      labels: 2,
      right: 1,
      unread: 1,
      asked: 3,
      prompt_tokens: 200,
      completion_tokens: 45,
    },
    { iteration: 2, model: 'judge-1', labels: 1, right: 1, ...none },
  ]);
});

test('the votes of a database of version 4 are all there after the migration, checked by no judge', (t) => {
  const file = join(temporaryFolder(t), 'old.db');
  const old = new Sqlite(file);
  for (const migration of [CREATE_TABLES, CREATE_WORKER_TASKS, ALLOW_UNKNOWN_LOGPROBS, CREATE_EVALUATIONS])
    old.exec(migration);
  old.exec(`
    PRAGMA application_id = ${0x727a3064};
    PRAGMA user_version = 4;
    INSERT INTO runs (id, preset, model, seed, iterations, config, status, started_at, rzero_version)
      VALUES ('${RUN}', 'tiny', 'tiny', 0, 1, '{}', 'running', '${STARTED}', '0.1.0');
    INSERT INTO questions (run_id, iteration, phase, batch, position, question, valid, token_count)
      VALUES ('${RUN}', 1, 'curriculum', 0, 0, 'What is 1 plus 1?', 1, 9);
    INSERT INTO votes VALUES (1, 4, 0.75, '2', '[]', 1, NULL, '2', 1);
  `);
  old.close();
  const db = openWriter(file);
  t.after(() => db.close());
  assert.deepEqual(db.all('SELECT oracle_answer, label_correct, verdict_id FROM votes', {}), [
    { oracle_answer: '2', label_correct: 1, verdict_id: null },
  ]);
  assert.deepEqual(
    labelOracles(db, RUN).map(({ model, labels, right }) => [model, labels, right]),
    [[null, 1, 1]],
  );
});
