import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionKey, selectCurriculum, type VotedQuestion } from '../../src/rl/curriculum.js';
import { countVotes } from '../../src/rl/vote.js';

/** A question that `agreeing` of 20 answers agree on. */
function voted(question: string, agreeing: number): VotedQuestion {
  const answers = Array.from({ length: 20 }, (_, index) => (index < agreeing ? '7' : null));
  return { question, vote: countVotes(answers) };
}

test('a vote share at either end of the band is kept, one beyond is dropped with its reason', () => {
  const questions = [voted('a', 11), voted('b', 12), voted('c', 19), voted('d', 20), voted('e', 0)];
  assert.deepEqual(selectCurriculum(questions, [0.6, 0.95], new Set()), [
    { kept: false, dropReason: 'too_hard' }, // 11/20 = 0.55
    { kept: true }, // 12/20 = 0.6
    { kept: true }, // 19/20 = 0.95
    { kept: false, dropReason: 'too_easy' },
    { kept: false, dropReason: 'no_answer' },
  ]);
});

test('a question seen before, in this batch or an earlier one, is a duplicate', () => {
  const questions = [voted('What is 2?', 14), voted(' what  is 2?', 14), voted('What is 3?', 14)];
  assert.deepEqual(selectCurriculum(questions, [0.6, 0.95], new Set([questionKey('What is 3?')])), [
    { kept: true },
    { kept: false, dropReason: 'duplicate' },
    { kept: false, dropReason: 'duplicate' },
  ]);
});
