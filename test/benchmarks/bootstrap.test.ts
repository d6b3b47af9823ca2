import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exactMcNemar, pairedBootstrap } from '../../src/benchmarks/bootstrap.js';
import { pairedDifference } from '../../src/benchmarks/statistics.js';
import { Random } from '../../src/random.js';

const SETTINGS = { resamples: 4000, seed: 1 };

test('the exact test of McNemar is the two-sided binomial test of a fair coin', () => {
  assert.equal(exactMcNemar(0, 0), 1);
  near(exactMcNemar(0, 5), 2 / 32, 1e-12); // 2 · (1/2)⁵
  near(exactMcNemar(1, 4), (2 * (1 + 5)) / 32, 1e-12);
  near(exactMcNemar(2, 8), (2 * (1 + 10 + 45)) / 1024, 1e-12);
  assert.equal(exactMcNemar(3, 3), 1); // more than half of the coin's outcomes are no farther
});

test('the exact test does not mind which of the two comes first, nor large counts', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), (a, b) => {
      assert.equal(exactMcNemar(a, b), exactMcNemar(b, a));
    }),
  );
  const p = exactMcNemar(6000, 6200); // z = 199.5 / √12200 = 1.81, so p = 0.07
  assert.ok(p > 0.06 && p < 0.08, String(p));
});

test('the gain is the mean of the differences, and its standard error agrees with the analytic one', () => {
  const random = new Random(3);
  const before = Array.from({ length: 300 }, () => random.integer(0, 2));
  const after = before.map((item) => (random.next() < 0.2 ? 1 : item));
  const expected = pairedDifference(before, after);
  const gain = pairedBootstrap([after.map((item, i) => item - (before[i] ?? 0))], SETTINGS);
  near(gain.score, expected.score, 1e-9);
  // The bootstrap's variance lacks the factor n / (n − 1); 4000 draws know it within 3 %.
  assert.ok(Math.abs(gain.stderr / expected.stderr - 1) < 0.05, `${gain.stderr} and ${expected.stderr}`);
  assert.ok(gain.low < gain.score && gain.score < gain.high);
  assert.ok(gain.high - gain.low > 3.4 * gain.stderr && gain.high - gain.low < 4.4 * gain.stderr);
});

test('two benchmarks are averaged with the same weight, however many items they have', () => {
  const gain = pairedBootstrap([Array<number>(10).fill(1), Array<number>(90).fill(0)], SETTINGS);
  assert.deepEqual(gain, { score: 50, stderr: 0, low: 50, high: 50, pValue: 2 / 4001 });
});

test('no difference at all has no error, and a p-value of 1', () => {
  assert.deepEqual(pairedBootstrap([[0, 0, 0]], SETTINGS), { score: 0, stderr: 0, low: 0, high: 0, pValue: 1 });
});

test('the same seed gives the same numbers, and another seed nearly the same', () => {
  const differences = [Array.from({ length: 100 }, (_, i) => (i % 3) - 1 + (i % 5 === 0 ? 1 : 0))];
  assert.deepEqual(pairedBootstrap(differences, SETTINGS), pairedBootstrap(differences, SETTINGS));
  const other = pairedBootstrap(differences, { ...SETTINGS, seed: 2 });
  assert.notEqual(other.stderr, pairedBootstrap(differences, SETTINGS).stderr);
});

test('where nothing changed but by chance, small p-values are as rare as they say', () => {
  const random = new Random(11);
  let small = 0;
  for (let trial = 0; trial < 200; trial++) {
    const differences = Array.from({ length: 60 }, () => random.pick([-1, 0, 0, 1]));
    if (pairedBootstrap([differences], { resamples: 400, seed: trial }).pValue < 0.1) small++;
  }
  assert.ok(small > 6 && small < 40, `${small} of 200 below 0.1`); // 20 expected, ± 4.2
});

function near(actual: number, expected: number, within: number): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual}, expected ${expected}`);
}
