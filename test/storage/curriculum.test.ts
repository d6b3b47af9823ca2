import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commit, type Writer } from '../../storage/connection.js';
import {
  ALL_QUESTIONS,
  CURRICULUM_ORDERS,
  type CurriculumFilter,
  type CurriculumPaging,
  type CurriculumPlace,
  curriculumCount,
  curriculumPage,
} from '../../storage/curriculum.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { type QuestionRecord, recordQuestions } from '../../storage/questions.js';
import { recordVote, type VoteRecord } from '../../storage/votes.js';
import { aQuestion, aVote, database } from './support.js';

const RUN = 'rpages';
const FIRST = { order: 'written', descending: false, after: null, limit: 100 } as const;

type Written = readonly [question: Partial<QuestionRecord>, vote: Partial<VoteRecord> | null, labelCorrect?: boolean];

/** Records one batch of an iteration's curriculum and gives the ids. */
function record(db: Writer, iteration: number, written: readonly Written[]): readonly number[] {
  return commit(db, () => {
    const batch = { runId: RUN, iteration, phase: 'curriculum', batch: 0 } as const;
    const ids = recordQuestions(
      db,
      batch,
      written.map(([question]) => aQuestion(question)),
    );
    for (const [i, [, vote, labelCorrect = null]] of written.entries()) {
      const id = ids[i] ?? 0;
      if (vote !== null) recordVote(db, id, aVote(vote));
      if (labelCorrect !== null) recordLabelCheck(db, id, { oracleAnswer: '124', labelCorrect, verdictId: null });
    }
    return ids;
  });
}

const DROPPED = { kept: false, dropReason: 'too_easy' } as const;
const FIVE: readonly Written[] = [
  [{ question: 'What is 2 plus 3?' }, { voteShare: 0.7 }, true],
  [{ question: 'What is 9 minus 4?' }, { voteShare: 0.6 }, false],
  [{ question: 'What is 1 PLUS 1?' }, { voteShare: 1, ...DROPPED }, true],
  [{ question: 'What is 5% of 40?' }, { voteShare: 0.3 }],
  [{ question: 'nonsense', invalidReason: 'wrong end' }, null],
];

/** The positions in FIVE of the questions that a filter takes. */
function taken(db: Writer, ids: readonly number[], filter: Partial<CurriculumFilter>): readonly number[] {
  const whole = { ...ALL_QUESTIONS, runId: RUN, ...filter };
  const { rows } = curriculumPage(db, whole, FIRST);
  assert.equal(curriculumCount(db, whole), rows.length);
  return rows.map((row) => ids.indexOf(row.question_id));
}

test('the curriculum can be filtered by what became of a question', (t) => {
  const db = database(t, RUN, 'rother');
  const ids = record(db, 1, FIVE);
  assert.deepEqual(taken(db, ids, {}), [0, 1, 2, 3, 4]);
  assert.deepEqual(taken(db, ids, { kept: true }), [0, 1, 3]);
  assert.deepEqual(taken(db, ids, { kept: false }), [2, 4]);
  assert.deepEqual(taken(db, ids, { dropReason: 'too_easy' }), [2]);
  assert.deepEqual(taken(db, ids, { dropReason: 'invalid' }), [4]);
  assert.deepEqual(taken(db, ids, { label: 'right' }), [0, 2]);
  assert.deepEqual(taken(db, ids, { label: 'wrong' }), [1]);
  assert.deepEqual(taken(db, ids, { label: 'unknown' }), [3, 4]);
  assert.deepEqual(taken(db, ids, { voteShare: [0.3, 0.6] }), [1, 3]);
  assert.deepEqual(taken(db, ids, { kept: true, voteShare: [0.5, 1], label: 'right' }), [0]);
  assert.deepEqual(taken(db, ids, { iteration: 1 }), [0, 1, 2, 3, 4]);
  assert.deepEqual(taken(db, ids, { iteration: 2 }), []);
  assert.deepEqual(taken(db, ids, { runId: 'rother' }), []);
});

test('a text is looked for as it stands, in upper or lower case', (t) => {
  const db = database(t, RUN);
  const ids = record(db, 1, FIVE);
  assert.deepEqual(taken(db, ids, { text: 'plus' }), [0, 2]);
  assert.deepEqual(taken(db, ids, { text: '5%' }), [3]);
  assert.deepEqual(taken(db, ids, { text: '5_' }), []);
  assert.deepEqual(taken(db, ids, { text: "'; DROP TABLE votes; --" }), []);
});

test('an order puts questions without a vote at its end of least interest', (t) => {
  const db = database(t, RUN);
  const ids = record(db, 1, FIVE);
  const ordered = (paging: Pick<CurriculumPaging, 'order' | 'descending'>): readonly number[] =>
    curriculumPage(db, { ...ALL_QUESTIONS, runId: RUN }, { ...FIRST, ...paging }).rows.map((row) =>
      ids.indexOf(row.question_id),
    );
  assert.deepEqual(ordered({ order: 'written', descending: true }), [4, 3, 2, 1, 0]);
  assert.deepEqual(ordered({ order: 'vote_share', descending: true }), [2, 0, 1, 3, 4]);
  assert.deepEqual(ordered({ order: 'vote_share', descending: false }), [4, 3, 1, 0, 2]);
  assert.deepEqual(ordered({ order: 'unsure', descending: false }), [1, 0, 3, 2, 4]); // 0.1, 0.2, 0.2, 0.5, none
});

test('pages of any size, one after another, are the whole in order, each question once', (t) => {
  const db = database(t, RUN);
  const shares = fc.array(fc.option(fc.integer({ min: 0, max: 4 })), { maxLength: 12 });
  const paging = fc.record({
    order: fc.constantFrom(...CURRICULUM_ORDERS),
    descending: fc.boolean(),
    limit: fc.integer({ min: 1, max: 5 }),
  });
  const property = fc.property(shares, paging, (quarters, { limit, ...order }) => {
    record(
      db,
      1,
      quarters.map((quarter) => [{}, quarter === null ? null : { voteShare: quarter / 4 }]),
    );
    const filter = { ...ALL_QUESTIONS, runId: RUN };
    const whole = curriculumPage(db, filter, { ...order, after: null, limit: 100 });
    assert.equal(whole.next, null);
    const found: unknown[] = [];
    for (let after: CurriculumPlace | null = null; ; ) {
      const page = curriculumPage(db, filter, { ...order, after, limit });
      found.push(...page.rows);
      if (page.next === null) break;
      after = page.next;
    }
    assert.deepEqual(found, whole.rows);
    assert.equal(found.length, quarters.length);
    commit(db, () => recordQuestions(db, { runId: RUN, iteration: 1, phase: 'curriculum', batch: 0 }, []));
  });
  fc.assert(property, { numRuns: 60 });
});
