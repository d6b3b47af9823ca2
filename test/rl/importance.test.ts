import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importanceWeights, logprobDrift } from '../../src/rl/importance.js';

const near = (found: number | undefined, expected: number): void => {
  assert.ok(Math.abs((found ?? Number.NaN) - expected) < 1e-12, `${found}, expected ${expected}`);
};

test('a token is weighed by our probability over theirs, up to the cap', () => {
  // ours 0.3, 0.5, 0.9; theirs 0.6, 0.5, 0.1: 1/2, 1, and 9 cut to 2
  const [half, one, cut] = importanceWeights([0.3, 0.5, 0.9].map(Math.log), [0.6, 0.5, 0.1].map(Math.log), 2);
  near(half, 0.5);
  near(one, 1);
  assert.equal(cut, 2);
});

test('weights lie between 0 and the cap, and are one where both engines agree', () => {
  const logprobs = fc.array(fc.tuple(fc.double({ min: -60, max: 0 }), fc.double({ min: -60, max: 0 })));
  fc.assert(
    fc.property(logprobs, fc.double({ min: 1, max: 10, noNaN: true }), (pairs, cap) => {
      const known = pairs.filter((pair) => !pair.some(Number.isNaN));
      const ours = known.map(([a]) => a);
      const theirs = known.map(([, b]) => b);
      assert.ok(importanceWeights(ours, theirs, cap).every((weight) => weight >= 0 && weight <= cap));
      assert.deepEqual(
        importanceWeights(ours, ours, cap),
        ours.map(() => 1),
      );
    }),
  );
});

test('a weight that was not cut makes their expectation ours', () => {
  const [ours, theirs] = [
    [0.2, 0.5, 0.3],
    [0.3, 0.3, 0.4],
  ] as const;
  const values = [1, -2, 5];
  const weights = importanceWeights(ours.map(Math.log), theirs.map(Math.log), 2);
  const expectation = theirs.reduce((sum, p, i) => sum + p * (weights[i] as number) * (values[i] as number), 0);
  near(expectation, 0.2 * 1 + 0.5 * -2 + 0.3 * 5);
});

test('the drift is the mean and the largest difference over all tokens', () => {
  const drift = logprobDrift([
    { ours: [-1, -2], theirs: [-1.25, -1.5] },
    { ours: [-3], theirs: [-3] },
  ]);
  assert.deepEqual(drift, { mean: 0.25, max: 0.5 }); // (0.25 + 0.5 + 0) / 3
  assert.equal(logprobDrift([]), null);
  assert.equal(logprobDrift([{ ours: [], theirs: [] }]), null);
});
