import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupAdvantages } from '../../src/rl/advantages.js';

const rewards = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });

test('a group with equal rewards has zero advantage', () => {
  assert.deepEqual(groupAdvantages([0.1, 0.1, 0.1], true), [0, 0, 0]);
});

test('the deviation is that of the population', () => {
  // mean 1/4, variance (3·(1/4)² + (3/4)²)/4 = 3/16
  const deviation = Math.sqrt(3 / 16) + 1e-4;
  assert.deepEqual(
    groupAdvantages([1, 0, 0, 0], true),
    [0.75, -0.25, -0.25, -0.25].map((value) => value / deviation),
  );
});

test('without the deviation the advantage is the distance from the mean', () => {
  assert.deepEqual(groupAdvantages([1, 0, 0, 0], false), [0.75, -0.25, -0.25, -0.25]);
});

test('advantages have mean zero and keep the order of the rewards', () => {
  fc.assert(
    fc.property(rewards, fc.boolean(), (values, standardise) => {
      const advantages = groupAdvantages(values, standardise);
      const sum = advantages.reduce((total, value) => total + value, 0);
      const best = values.indexOf(Math.max(...values));
      return Math.abs(sum / values.length) < 1e-9 && advantages[best] === Math.max(...advantages);
    }),
  );
});
