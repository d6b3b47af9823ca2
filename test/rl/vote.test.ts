import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countVotes } from '../../src/rl/vote.js';

test('answers vote by what they say, not by how it is spelled', () => {
  assert.deepEqual(countVotes(['0.5', '7', '1/2', '007', '\\frac{1}{2}']), {
    answerCount: 5,
    voteShare: 3 / 5,
    pseudoLabel: '0.5',
    groups: [
      { answer: '0.5', count: 3 },
      { answer: '7', count: 2 },
    ],
    groupIndexes: [0, 1, 0, 1, 0],
  });
});

test('the pseudo-label is the most common spelling of the largest group', () => {
  assert.equal(countVotes(['1/2', '0.5', '7', '0.5']).pseudoLabel, '0.5');
});

test('an answer that cannot be read counts in m and votes for none', () => {
  const vote = countVotes(['4', null, '4', ' ']);
  assert.equal(vote.voteShare, 2 / 4);
  assert.deepEqual(vote.groupIndexes, [0, null, 0, null]);
});

test('of equally common answers the first seen wins', () => {
  assert.equal(countVotes(['2', '1', '1', '2']).pseudoLabel, '2');
});

test('without a readable answer there is no pseudo-label', () => {
  const vote = countVotes([null, '', null]);
  assert.equal(vote.pseudoLabel, null);
  assert.equal(vote.voteShare, 0);
});

test('no answers at all give a share of zero', () => {
  assert.deepEqual(countVotes([]), { answerCount: 0, voteShare: 0, pseudoLabel: null, groups: [], groupIndexes: [] });
});

test('group counts and unread answers add up to m, and the share is the largest group', () => {
  const answers = fc.array(
    fc.option(fc.constantFrom('1', '1.0', '2', '2/1', 'x', 'True', 'true', '', '\\frac{', '50\\%', '0.5')),
  );
  fc.assert(
    fc.property(answers, (list) => {
      const vote = countVotes(list);
      const read = vote.groups.reduce((sum, group) => sum + group.count, 0);
      const unread = vote.groupIndexes.filter((index) => index === null).length;
      assert.equal(read + unread, vote.answerCount);
      assert.equal(vote.voteShare, Math.max(0, ...vote.groups.map((group) => group.count)) / Math.max(1, list.length));
      for (const [index, group] of vote.groups.entries()) {
        assert.equal(vote.groupIndexes.filter((other) => other === index).length, group.count);
      }
    }),
  );
});
