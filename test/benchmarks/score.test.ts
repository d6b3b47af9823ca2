import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Benchmark } from '../../src/benchmarks/catalog.js';
import { domainAverages, scoreBenchmark } from '../../src/benchmarks/score.js';
import type { Domain } from '../../src/rl/questions.js';

function benchmark(name: string, domain: Domain, itemCount: number): Benchmark {
  const items = Array.from({ length: itemCount }, (_, i) => ({
    question: `What is ${i} plus 1?`,
    answer: `${i + 1}`,
    domain,
  }));
  return { name, domain, rule: 'value', metrics: ['greedy'], file: null, fileSha256: null, items };
}

/** Item scores of zeros and ones, one sample an item. */
const greedy = (...right: readonly number[]) => right.map((value) => [value === 1]);

test('a greedy score is the percentage of items that are right', () => {
  // mean 3/4, variance (3·(1/4)² + (3/4)²) / 3 = 1/4, standard error √(1/4 / 4) = 1/4
  assert.deepEqual(scoreBenchmark(benchmark('sort', 'general', 4), 'greedy', greedy(1, 1, 0, 1)), {
    benchmark: 'sort',
    file: null,
    domain: 'general',
    metric: 'greedy',
    items: 4,
    score: 75,
    stderr: 25,
  });
});

test('mean@k has the standard error over items, not over samples', () => {
  // item means 1, 1/2, 0: mean 1/2, variance (1/4 + 0 + 1/4) / 2 = 1/4, standard error √(1/4 / 3)
  const { metric, score, stderr } = scoreBenchmark(benchmark('max', 'general', 3), 'mean@2', [
    [true, true],
    [true, false],
    [false, false],
  ]);
  assert.equal(metric, 'mean@2');
  assert.equal(score, 50);
  assert.ok(Math.abs(stderr - 100 * Math.sqrt(1 / 12)) < 1e-9);
});

test('the average of a domain gives each benchmark the same weight', () => {
  const scores = [
    scoreBenchmark(benchmark('two_digit_addition', 'math', 4), 'greedy', greedy(1, 1, 0, 1)), // 75, stderr 25
    scoreBenchmark(benchmark('sort', 'general', 2), 'greedy', greedy(1, 1)), // 100, stderr 0
    scoreBenchmark(benchmark('two_digit_subtraction', 'math', 2), 'greedy', greedy(0, 0)), // 0, stderr 0
  ];
  assert.deepEqual(domainAverages(scores), [
    { domain: 'math', metric: 'greedy', benchmarks: 2, items: 6, score: 37.5, stderr: 12.5 }, // √(25² + 0²) / 2
    { domain: 'general', metric: 'greedy', benchmarks: 1, items: 2, score: 100, stderr: 0 },
  ]);
});

test('greedy and sampled scores are averaged apart', () => {
  const math = benchmark('two_digit_addition', 'math', 2);
  const scores = [scoreBenchmark(math, 'greedy', greedy(1, 1)), scoreBenchmark(math, 'mean@1', greedy(0, 0))];
  const averages = domainAverages(scores).map(({ metric, score }) => [metric, score]);
  assert.deepEqual(averages, [
    ['greedy', 100],
    ['mean@1', 0],
  ]);
});

test('graded samples that do not fit the items or the metric are an error of ours', () => {
  const three = benchmark('count', 'general', 3);
  const refused = { name: 'InternalError', message: /count: expected [12] graded samples for each of 3 items/ };
  assert.throws(() => scoreBenchmark(three, 'greedy', greedy(1, 0)), refused);
  assert.throws(() => scoreBenchmark(three, 'mean@2', greedy(1, 0, 1)), refused);
});
