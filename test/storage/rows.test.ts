import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InternalError } from '../../src/errors.js';
import { type AnswerRecord, answersOf, recordAnswers } from '../../storage/answers.js';
import { commit } from '../../storage/connection.js';
import { eventsAfter, placeBeforeLast, recordEvent } from '../../storage/events.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { type QuestionRecord, questionsOfBatch, recordedBatches, recordQuestions } from '../../storage/questions.js';
import { recordScore } from '../../storage/scores.js';
import { newestSnapshot, saveSnapshot } from '../../storage/snapshots.js';
import { recordVote, type VoteRecord } from '../../storage/votes.js';
import { aQuestion, aVote, database, STARTED } from './support.js';

const RUN = 'rrows';
const BATCH = { runId: RUN, iteration: 1, phase: 'challenger', batch: 3 } as const;

const text = fc.string({ unit: 'binary' });
const anyQuestion: fc.Arbitrary<QuestionRecord> = fc.record({
  question: text,
  invalidReason: fc.option(text),
  ownAnswer: fc.option(text),
  challengerReward: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  repetitionPenalty: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  tokenCount: fc.nat(),
  completion: fc.option(text),
});
const anyAnswer: fc.Arbitrary<AnswerRecord> = fc.record({
  text,
  answer: fc.option(text),
  voteGroup: fc.option(fc.nat()),
  tokenCount: fc.nat(),
  logprobSum: fc.option(fc.double({ max: 0, noNaN: true, noDefaultInfinity: true })),
  finished: fc.boolean(),
  agrees: fc.boolean(),
});

test('questions come back as they were recorded', (t) => {
  const db = database(t, RUN);
  const property = fc.property(fc.array(anyQuestion, { maxLength: 6 }), (questions) => {
    const ids = commit(db, () => recordQuestions(db, BATCH, questions));
    const stored = questionsOfBatch(db, BATCH);
    assert.deepEqual(
      stored,
      questions.map(({ completion: _, ...question }, position) => ({
        id: ids[position],
        position,
        ...withoutNegativeZero(question),
      })),
    );
  });
  fc.assert(property, { numRuns: 40 });
});

test('answers come back as they were recorded', (t) => {
  const db = database(t, RUN);
  const [id = 0] = commit(db, () => recordQuestions(db, BATCH, [aQuestion()]));
  const property = fc.property(fc.array(anyAnswer, { maxLength: 6 }), (answers) => {
    commit(db, () => recordAnswers(db, id, answers));
    const expected = answers.map((answer, sampleIndex) => ({
      sampleIndex,
      ...withoutNegativeZero(answer),
      finished: Number(answer.finished),
      agrees: Number(answer.agrees),
    }));
    assert.deepEqual(answersOf(db, id), expected);
  });
  fc.assert(property, { numRuns: 40 });
});

test('a batch recorded twice gives the same rows with the same ids, votes and answers', (t) => {
  const db = database(t, RUN);
  const record = (): readonly number[] =>
    commit(db, () => recordQuestions(db, BATCH, [aQuestion({ question: 'one' }), aQuestion({ question: 'two' })]));
  const answer = {
    text: '124',
    answer: '124',
    voteGroup: 0,
    tokenCount: 3,
    logprobSum: -0.5,
    finished: true,
    agrees: true,
  };
  const ids = record();
  const [id = 0] = ids;
  commit(db, () => recordVote(db, id, aVote({ kept: null })));
  commit(db, () => recordAnswers(db, id, [answer]));
  const before = tables();
  assert.deepEqual(record(), ids);
  assert.deepEqual(tables(), before);

  function tables(): readonly unknown[] {
    return ['questions', 'votes', 'answers'].map((table) => db.all(`SELECT * FROM ${table}`, {}));
  }
});

test('a batch recorded again with fewer questions forgets the rest with their votes', (t) => {
  const db = database(t, RUN);
  const ids = commit(db, () => recordQuestions(db, BATCH, [aQuestion(), aQuestion()]));
  commit(db, () => recordVote(db, ids[1] ?? 0, aVote()));
  commit(db, () => recordQuestions(db, BATCH, [aQuestion()]));
  assert.equal(questionsOfBatch(db, BATCH).length, 1);
  assert.deepEqual(db.all('SELECT * FROM votes', {}), []);
});

test('recorded batches are told by phase and iteration', (t) => {
  const db = database(t, RUN);
  commit(db, () => {
    for (const batch of [5, 0]) recordQuestions(db, { ...BATCH, batch }, [aQuestion()]);
    recordQuestions(db, { ...BATCH, batch: 7, phase: 'curriculum' }, [aQuestion()]);
  });
  assert.deepEqual(recordedBatches(db, BATCH), [0, 5]);
  assert.deepEqual(recordedBatches(db, { ...BATCH, iteration: 2 }), []);
});

test('rows out of range are refused', (t) => {
  const db = database(t, RUN);
  const [id = 0] = commit(db, () => recordQuestions(db, BATCH, [aQuestion()]));
  const refusedVotes: readonly Partial<VoteRecord>[] = [
    { voteShare: 1.01 },
    { voteShare: -0.1 },
    { voteCount: 0 }, // a share without votes
    { pseudoLabel: null }, // kept, with nothing to train towards
    { kept: false }, // without a reason
    { kept: true, dropReason: 'too_hard' },
  ];
  for (const changes of refusedVotes) {
    assert.throws(
      () => commit(db, () => recordVote(db, id, aVote(changes))),
      /InternalError.*CHECK constraint failed/,
      JSON.stringify(changes),
    );
  }
  const score = {
    runId: RUN,
    iteration: 0,
    benchmark: 'b',
    domain: 'math',
    metric: 'greedy',
    items: 1,
    stderr: 0,
    file: null,
  } as const;
  assert.throws(() => commit(db, () => recordScore(db, { ...score, score: 100.5 })), /CHECK constraint failed/);
  assert.throws(
    () => commit(db, () => recordQuestions(db, { ...BATCH, iteration: 0 }, [aQuestion()])),
    /CHECK constraint failed/,
  );
  assert.throws(
    () => commit(db, () => recordQuestions(db, { ...BATCH, runId: 'rnone' }, [aQuestion()])),
    /FOREIGN KEY constraint failed/,
  );
});

test('what an oracle says of a label goes with the vote, and is gone when the vote is recorded again', (t) => {
  const db = database(t, RUN);
  const [id = 0, unvoted = 0] = commit(db, () => recordQuestions(db, BATCH, [aQuestion(), aQuestion()]));
  const checks = () => db.all('SELECT oracle_answer, label_correct FROM votes', {});
  commit(db, () => recordVote(db, id, aVote()));
  commit(db, () => recordLabelCheck(db, id, { oracleAnswer: '124', labelCorrect: true, verdictId: null }));
  assert.deepEqual(checks(), [{ oracle_answer: '124', label_correct: 1 }]);
  commit(db, () => recordVote(db, id, aVote({ pseudoLabel: '114' })));
  assert.deepEqual(checks(), [{ oracle_answer: null, label_correct: null }]);
  assert.throws(
    () => commit(db, () => recordLabelCheck(db, unvoted, { oracleAnswer: '124', labelCorrect: true, verdictId: null })),
    InternalError,
  );
});

test('only the newest snapshot of a run is kept, and snapshots are counted', (t) => {
  const db = database(t, RUN);
  assert.equal(newestSnapshot(db, RUN), undefined);
  for (const iteration of [1, 2])
    commit(db, () => saveSnapshot(db, RUN, '1', { value: 'trainingSolver', iteration }, STARTED));
  assert.deepEqual(newestSnapshot(db, RUN), {
    sequence: 2,
    version: '1',
    snapshot: { value: 'trainingSolver', iteration: 2 },
    savedAt: STARTED,
  });
});

test('events are read on from where a reader stopped', (t) => {
  const db = database(t, RUN, 'rother');
  commit(db, () => {
    for (const runId of [RUN, 'rother', RUN]) {
      recordEvent(db, { runId, at: STARTED, actor: 'solver', type: 'solver.trained', payload: { step: 4 } });
    }
  });
  const [first, second] = eventsAfter(db, RUN, 0, 10);
  assert.deepEqual(first, {
    id: 1,
    runId: RUN,
    at: STARTED,
    actor: 'solver',
    type: 'solver.trained',
    payload: { step: 4 },
  });
  assert.deepEqual(eventsAfter(db, RUN, 1, 10), [second]);
  assert.equal(eventsAfter(db, RUN, 0, 1).length, 1);
  const last = (count: number): readonly unknown[] =>
    eventsAfter(db, RUN, placeBeforeLast(db, RUN, count), 10).map(({ id }) => id);
  assert.deepEqual([last(0), last(1), last(2), last(3)], [[], [3], [1, 3], [1, 3]]);
});

test('a refused row is a bug of the program, not a mistake of its user', (t) => {
  const db = database(t, RUN);
  assert.throws(() => commit(db, () => recordVote(db, 99, aVote())), InternalError);
});

/** SQLite has one zero. */
function withoutNegativeZero<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, value === 0 ? 0 : value])) as T;
}
