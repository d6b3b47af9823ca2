import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frontierReward, gatedFrontierReward } from '../../src/rl/frontier.js';
import { countVotes } from '../../src/rl/vote.js';

test("the code's reward is min(p, 1-p), the paper's twice that", () => {
  for (const share of [0, 0.1, 0.25, 0.5, 0.75, 1]) {
    assert.equal(frontierReward(share, 'code'), Math.min(share, 1 - share));
    assert.ok(Math.abs(frontierReward(share, 'paper') - 2 * Math.min(share, 1 - share)) < 1e-15);
  }
});

const vote = countVotes(['1/2', '0.5', '3', null]); // share 2/4

test('the gate lets a question pass when its own answer says the same as the majority', () => {
  assert.equal(gatedFrontierReward(vote, 'code', '\\frac{1}{2}'), 0.5);
});
test('the gate closes when its own answer is another', () => {
  assert.equal(gatedFrontierReward(vote, 'code', '3'), 0);
});
test('a question without an answer of its own is judged by the vote', () => {
  assert.equal(gatedFrontierReward(vote, 'paper', null), 1);
});
test('an own answer with no majority to agree with earns nothing', () => {
  assert.equal(gatedFrontierReward(countVotes([null, null]), 'code', '3'), 0);
});
