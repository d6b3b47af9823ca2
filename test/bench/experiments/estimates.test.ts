import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ItemScores,
  ofNumbers,
  pairedGain,
  seedMean,
  separateMean,
} from '../../../bench/experiments/estimates.js';
import { bothErrors, eachSeed, gain, ofSeeds } from '../../../bench/experiments/report.js';

const close = (found: number, wanted: number): void =>
  assert.ok(Math.abs(found - wanted) < 1e-9, `${found}, ${wanted}`);

test('a mean over seeds weighs benchmarks alike, however many items they have', () => {
  const { mean, bySeed } = seedMean([
    [[1, 1, 1, 1], [0]],
    [[1, 1, 0, 0], [1]],
  ]);
  // seed 1: (1 + 0) / 2; seed 2: (1/2 + 1) / 2
  assert.deepEqual(bySeed, [50, 75]);
  close(mean, 62.5);
});

test('the standard error of seeds is their deviation over the root of their number', () => {
  // deviation of 50, 60, 70 is 10
  close(ofNumbers([50, 60, 70]).ofSeeds, 10 / Math.sqrt(3));
  assert.ok(Number.isNaN(ofNumbers([50]).ofSeeds));
});

test('the standard error of items is over items, whose scores are averaged over seeds first', () => {
  // Items 1, 1/2, 0 on average: mean 1/2, deviation 1/2, so 1/2 / √3; two benchmarks of that are 1/√2 of it together.
  const seeds: readonly ItemScores[] = [[[1, 1, 0]], [[1, 0, 0]]];
  close(seedMean(seeds).ofItems, (100 * 0.5) / Math.sqrt(3));
  const twice = seeds.map(([items = []]) => [items, items]);
  close(seedMean(twice).ofItems, (100 * 0.5) / Math.sqrt(3) / Math.sqrt(2));
});

test('what items have in common cancels in a gain', () => {
  // Every item gains a half, the hard and the easy one: no error of items, though their scores differ by as much.
  const found = pairedGain([[[0, 0.5]], [[0, 0.5]]], [[[0.5, 1]], [[0.5, 1]]]);
  close(found.mean, 50);
  close(found.ofItems, 0);
  close(found.ofSeeds, 0);
});

test('gains of seeds that were asked different items are refused', () => {
  assert.throws(() => pairedGain([[[0, 1]]], [[[0, 1, 1]]]), /2 items before and 3 after/);
  assert.throws(() => seedMean([[[0, 1]], [[0]]]), /different items/);
});

test('a mean of separate questions adds their variances', () => {
  // 0, 1 has the error 1/2 (deviation √½ over √2); of two seeds √(¼ + ¼) / 2
  const { mean, ofItems } = separateMean([
    [0, 1],
    [0, 1],
  ]);
  close(mean, 50);
  close(ofItems, (100 * Math.sqrt(0.5)) / 2);
});

test('what was not measured is a dash and not a number', () => {
  assert.equal(gain(pairedGain([[]], [[[1, 0]]])), '-');
  assert.equal(bothErrors(separateMean([[], []])), '-');
  assert.equal(ofSeeds(ofNumbers([Number.NaN])), '-');
  assert.equal(eachSeed(pairedGain([[[0, 1]]], [[]])), '-');
});

test('numbers are written with their sign and both errors', () => {
  const difference = pairedGain([[[0, 0]], [[0, 0]]], [[[1, 0]], [[1, 1]]]);
  // seeds 50 and 100; items 1 and 1/2: deviation √(1/8), error 1/4
  assert.equal(gain(difference), '+75.0 ± 25.0 / 25.0');
  assert.equal(eachSeed(difference), '+50.0 / +100.0');
  assert.equal(gain(pairedGain([[[1, 0]]], [[[0, 0]]])), '-50.0 ± 50.0 / -');
});
