import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kept, labelAccuracy, meanVoteShare, valid, within } from '../../../bench/experiments/curriculum.js';
import type { CurriculumRow } from '../../../storage/views.js';

const row = (change: Partial<CurriculumRow>): CurriculumRow => ({
  run_id: 'r23456',
  iteration: 1,
  question_id: 1,
  question: 'What is 1 plus 1?',
  pseudo_label: '2',
  vote_share: 0.75,
  kept: 1,
  drop_reason: null,
  oracle_answer: '2',
  label_correct: 1,
  challenger_reward: null,
  repetition_penalty: null,
  ...change,
});
const INVALID = row({ kept: 0, drop_reason: 'invalid', vote_share: null, pseudo_label: null, label_correct: null });
const ROWS = [
  row({}),
  row({ vote_share: 0.25, kept: 0, drop_reason: 'too_hard', label_correct: 0 }),
  row({ vote_share: 0.5, oracle_answer: null, label_correct: null }),
  INVALID,
];

test('the accuracy of labels is of those that an oracle knows', () => {
  assert.equal(labelAccuracy(ROWS), 50); // one of two
  assert.equal(labelAccuracy(kept(ROWS)), 100); // the one that is kept and known
  assert.ok(Number.isNaN(labelAccuracy([INVALID])));
});

test('invalid questions have no vote share, and lie in no band', () => {
  assert.equal(valid(ROWS).length, 3);
  assert.equal(meanVoteShare(ROWS), 50);
  assert.deepEqual(
    within(ROWS, [0.25, 0.5]).map(({ vote_share: share }) => share),
    [0.25, 0.5],
  );
});
