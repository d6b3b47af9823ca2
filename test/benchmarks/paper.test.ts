import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paperAverages } from '../../src/benchmarks/paper.js';

const score = (benchmark: string, points: number, metric = 'greedy', stderr = 0) => ({
  benchmark,
  metric,
  score: points,
  stderr,
});

test("the paper's averages: its Qwen3-4B-Base from 27.10 over all, with mathematics as one of four", () => {
  const all = [
    ...['amc23', 'minerva', 'math500', 'gsm8k', 'olympiadbench'].map((name) => score(name, 42.58)),
    ...['aime24', 'aime25'].map((name) => score(name, 42.58, 'mean@32')),
    score('supergpqa', 20.88),
    score('mmlu-pro', 37.38),
    score('bbeh', 7.57),
  ];
  assert.deepEqual(
    paperAverages(all).map(({ group, benchmarks, of, score }) => [group, benchmarks, of, score.toFixed(2)]),
    [
      ['math', 7, 7, '42.58'],
      ['general', 3, 3, '21.94'],
      ['overall', 4, 4, '27.10'],
    ],
  );
});

test('each benchmark counts by its own metric, once however many files it has', () => {
  const averages = paperAverages([
    score('aime24', 10, 'mean@32', 3),
    score('aime24', 90, 'greedy'),
    score('gsm8k', 30, 'greedy', 4),
    score('gsm8k', 99, 'mean@1'),
    score('svamp', 99),
    score('bbeh', 20),
    score('bbeh', 40),
    score('mmlu-pro', 50),
  ]);
  // math (10 + 30) / 2 ± √(3² + 4²) / 2; general ((20 + 40) / 2 + 50) / 2; overall (20 + 30 + 50) / 3
  assert.deepEqual(
    averages.map(({ group, score }) => [group, score.toFixed(1)]),
    [
      ['math', '20.0'],
      ['general', '40.0'],
      ['overall', '33.3'],
    ],
  );
  assert.equal(averages[0]?.stderr, 2.5);
});

test('one benchmark alone has no average', () => {
  assert.deepEqual(paperAverages([score('gsm8k', 50)]), []);
});
