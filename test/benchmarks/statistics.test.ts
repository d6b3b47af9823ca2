import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { averageEstimates, estimateMean, estimateMeanAtK, pairedDifference } from '../../src/benchmarks/statistics.js';
import { InternalError } from '../../src/errors.js';

const near = (found: number, expected: number): void =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found} is not ${expected}`);

test('the score is the mean in points, with the standard error over items', () => {
  // three of four right: deviation² = (3·(1/4)² + (3/4)²)/3 = 1/4, error = ½/√4 = 1/4
  assert.deepEqual(estimateMean([1, 1, 1, 0]), { score: 75, stderr: 25 });
});

test('samples of one item are averaged first: they are not items of their own', () => {
  assert.deepEqual(
    estimateMeanAtK([
      [1, 1],
      [0, 0],
    ]),
    estimateMean([1, 0]),
  );
  assert.deepEqual(
    estimateMeanAtK([
      [1, 0],
      [0, 1],
    ]),
    { score: 50, stderr: 0 },
  );
});

test('the average of benchmarks carries their errors', () => {
  // √(3² + 4²)/2 = 2.5
  assert.deepEqual(
    averageEstimates([
      { score: 20, stderr: 3 },
      { score: 60, stderr: 4 },
    ]),
    { score: 40, stderr: 2.5 },
  );
});

test('a paired difference forgets what the items have in common', () => {
  // differences 1, 0, 1, 0: mean ½, deviation² = 4·(1/4)/3, error = √(1/3)/2
  const { score, stderr } = pairedDifference([0, 1, 0, 0], [1, 1, 1, 0]);
  assert.equal(score, 50);
  near(stderr, (100 * Math.sqrt(1 / 3)) / 2);
});

test('a single item has no known error', () => {
  assert.deepEqual(estimateMean([1]), { score: 100, stderr: Number.NaN });
});

test('an empty list and lists of unequal length are bugs', () => {
  assert.throws(() => estimateMean([]), InternalError);
  assert.throws(() => pairedDifference([1], [1, 0]), InternalError);
});

test('the paired difference is the difference of the scores', () => {
  const pairs = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(pairs, (list) => {
      const before = list.map(([item]) => item);
      const after = list.map(([, item]) => item);
      near(pairedDifference(before, after).score, estimateMean(after).score - estimateMean(before).score);
    }),
  );
});
