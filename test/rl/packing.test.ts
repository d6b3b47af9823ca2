import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evenMicroBatches, microBatches, paddingShare, shard } from '../../src/rl/packing.js';

const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 300 });
const indices = (list: readonly number[]): readonly number[] => list.map((_, index) => index);
const sorted = (list: readonly number[]): readonly number[] => list.toSorted((a, b) => a - b);

test('micro-batches hold each example once and keep to the budget', () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 2000 }), (list, budget) => {
      const batches = microBatches(list, budget);
      assert.deepEqual(sorted(batches.flat()), indices(list));
      for (const batch of batches) {
        const longest = Math.max(...batch.map((index) => list[index] ?? 0));
        assert.ok(batch.length === 1 || batch.length * longest <= budget);
      }
    }),
  );
});

test('examples are batched longest first, equal ones in order', () => {
  // padded: 5·1, then 4·2 = 8, then 2·2 = 4 of a budget of 8
  assert.deepEqual(microBatches([2, 5, 4, 4, 2], 8), [[1], [2, 3], [0, 4]]);
});

test('little is padded when there are many examples', () => {
  const list = Array.from({ length: 512 }, (_, index) => 12 + ((index * 37) % 61));
  assert.ok(paddingShare(list, microBatches(list, 2048)) < 0.1);
});

test('padding is what is not used of the padded batch', () => {
  assert.equal(paddingShare([4, 2, 3], [[0, 1], [2]]), 1 - 9 / 11); // padded 4·2 + 3
});

test('workers share all groups, no one has more than the mean and one group', () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 6 }), (list, workerCount) => {
      const shares = shard(list, workerCount);
      assert.equal(shares.length, workerCount);
      assert.deepEqual(sorted(shares.flat()), indices(list));
      const total = list.reduce((sum, tokens) => sum + tokens, 0);
      for (const share of shares) {
        const tokens = share.reduce((sum, group) => sum + (list[group] ?? 0), 0);
        assert.ok(tokens <= total / workerCount + Math.max(0, ...list));
      }
    }),
  );
});

test('even micro-batches hold each example once, keep to the budget, and are no more than workers share evenly', () => {
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 90, max: 2000 }),
      fc.integer({ min: 1, max: 6 }),
      (list, budget, workers) => {
        const batches = evenMicroBatches(list, [budget], workers);
        assert.deepEqual(sorted(batches.flat()), indices(list));
        const fewest = microBatches(list, budget).length;
        assert.ok(batches.length >= fewest && batches.length <= workers * Math.ceil(fewest / workers));
        for (const batch of batches) {
          const longest = Math.max(...batch.map((index) => list[index] ?? 0));
          assert.ok(batch.length === 1 || batch.length * longest <= budget);
        }
      },
    ),
  );
});

test('two workers share a step of the loop nearly evenly, with little padding', () => {
  const list = Array.from({ length: 130 }, (_, index) => 14 + ((index * 37) % 41)); // 4.4 k tokens of mixed lengths
  const batches = evenMicroBatches(list, [2048, 1024, 512], 2);
  const tokens = shard(
    batches.map((batch) => batch.reduce((sum, index) => sum + (list[index] ?? 0), 0)),
    2,
  ).map((share) => share.reduce((sum, b) => sum + (batches[b] ?? []).reduce((n, i) => n + (list[i] ?? 0), 0), 0));
  assert.ok(Math.min(...tokens) > 0.9 * Math.max(...tokens), tokens.join(' and '));
  assert.ok(paddingShare(list, batches) < 0.1);
});

test('sequences of one length make the largest micro-batches, mixed ones smaller', () => {
  const equal = Array.from({ length: 64 }, () => 64); // 4,096 tokens
  assert.equal(evenMicroBatches(equal, [2048, 1024, 512], 2).length, 2);
  const mixed = Array.from({ length: 64 }, (_, i) => 4 + ((i * 29) % 120));
  assert.ok(evenMicroBatches(mixed, [2048, 1024, 512], 2).length > 2);
});
