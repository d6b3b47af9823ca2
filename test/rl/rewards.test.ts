import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengerReward, questionMerits } from '../../src/rl/challenger-reward.js';
import { isWellFormed, solverReward } from '../../src/rl/solver-reward.js';
import { countVotes } from '../../src/rl/vote.js';

test('an invalid question costs one', () => {
  assert.equal(challengerReward(null, 1), -1);
});
test('the penalty is weighted and taken off the frontier reward', () => {
  assert.equal(challengerReward({ frontierReward: 0.5, repetitionPenalty: 0.25 }, 0.5), 0.375);
});
test('a repeated question is never worse than nothing', () => {
  assert.equal(challengerReward({ frontierReward: 0.1, repetitionPenalty: 0.5 }, 1), 0);
});

const answer = (text: string, finished = true) => ({ text, finished });

test('agreement and form earn the whole reward', () => {
  assert.equal(solverReward(answer('so \\boxed{1/2}'), '0.5', 0.1), 1);
});
test('a wrong answer in the right form earns the share of the form', () => {
  assert.equal(solverReward(answer('\\boxed{3}'), '0.5', 0.1), 0.1);
});
test('agreement in the wrong form earns the share of accuracy', () => {
  assert.equal(solverReward(answer('\\boxed{3} \\boxed{4}'), '4', 0.1), 0.9);
});
test('no box, or one that never closes, earns nothing', () => {
  assert.equal(solverReward(answer('4'), '4', 0.1), 0);
  assert.equal(solverReward(answer('\\boxed{4', false), '4', 0.1), 0);
});
test('an answer that was cut, or goes on after its box, is not well formed', () => {
  assert.equal(isWellFormed(answer('\\boxed{4}', false)), false);
  assert.equal(isWellFormed(answer('\\boxed{4} and so on')), false);
  assert.equal(isWellFormed(answer('it is $\\boxed{4}$.')), true);
});

const written = (question: string, ownAnswer: string | null) => ({ valid: true, question, ownAnswer }) as const;
const parsed = [
  written('a?', '4'),
  { valid: false, reason: 'trivial' } as const,
  written('b?', '5'),
  written('c?', null),
];
const half = countVotes(['4', '3', '4', '2']); // share ½ for 4
const merits = (gated: boolean) =>
  questionMerits(parsed, [half, half, half], [0.1, 0.2, 0.3], { gated, reward: 'code' });

test('a gated reward is for questions whose own answer the majority shares, or that have none', () => {
  assert.deepEqual(
    merits(true).map(({ frontierReward }) => frontierReward),
    [0.5, 0, 0.5],
  );
});
test('an ungated reward does not look at own answers, and invalid questions have no merit', () => {
  assert.deepEqual(
    merits(false),
    [0.1, 0.2, 0.3].map((repetitionPenalty) => ({ frontierReward: 0.5, repetitionPenalty })),
  );
});
