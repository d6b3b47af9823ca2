import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloursFor } from '../../bin/terminal/colour.js';
import { averages, averageTable, benchmarkTable, gain, type Score, textTable } from '../../bin/terminal/tables.js';

const plain = coloursFor({});

const score = (iteration: number, benchmark: string, points: number, stderr: number | null): Score => ({
  iteration,
  benchmark,
  domain: 'math',
  metric: 'greedy',
  items: 100,
  score: points,
  stderr,
});

const SCORES = [score(0, 'two_digit_addition', 30, 3), score(0, 'five_digit_addition', 10, 4)];
const AFTER = [score(1, 'two_digit_addition', 70, 6), score(1, 'five_digit_addition', 20, 8)];

test('the average of benchmarks has their mean, and the standard error of independent ones', () => {
  // (30 + 10) / 2 = 20; √(3² + 4²) / 2 = 2.5
  assert.deepEqual(averages(SCORES), [{ ...score(0, 'math', 20, 2.5), items: 200 }]);
});

test('the average of scores without a standard error has none', () => {
  assert.equal(averages([score(0, 'a', 30, null), score(0, 'b', 10, 4)])[0]?.stderr, null);
});

test('a gain has the standard error of a difference', () => {
  assert.deepEqual(gain({ score: 20, stderr: 3 }, { score: 45, stderr: 4 }), { score: 25, stderr: 5 });
});

test('the table of averages has a column for each iteration, and the gain over the base', () => {
  // after: (70 + 20) / 2 = 45 with √(6² + 8²) / 2 = 5; the gain of 25 with √(2.5² + 5²) = 5.6
  assert.equal(
    averageTable([...SCORES, ...AFTER], plain),
    [
      'average  metric  items       base       it 1        gain',
      'math     greedy    200  20.0 ±2.5  45.0 ±5.0  +25.0 ±5.6',
    ].join('\n'),
  );
});

test('a gain is paired where the item scores of all benchmarks are there', () => {
  // Differences 1, 0, 0, 0: mean 1/4, deviation 1/2, standard error 1/4; and 0, 0, 0, 0. Their average: 12.5 ± 12.5.
  const of = (iteration: number, benchmark: string, scores: readonly number[]) =>
    [`${iteration} ${benchmark} greedy`, { items: 'same', scores }] as const;
  const before = [score(0, 'a', 50, 29), score(0, 'b', 50, 29)];
  const after = [score(1, 'a', 75, 25), score(1, 'b', 50, 29)];
  const items = new Map([
    of(0, 'a', [0, 0, 1, 1]),
    of(1, 'a', [1, 0, 1, 1]),
    of(0, 'b', [0, 0, 1, 1]),
    of(1, 'b', [0, 0, 1, 1]),
  ]);
  assert.match(averageTable([...before, ...after], plain, items), /\+12\.5 ±12\.5$/);
  items.delete('1 b greedy');
  assert.match(averageTable([...before, ...after], plain, items), /\+12\.5 ±28\.1$/); // √(20.5² + 19.1²)
});

test('item scores of other items are not paired', () => {
  const items = new Map([
    ['0 a greedy', { items: 'one', scores: [0, 1] }],
    ['1 a greedy', { items: 'other', scores: [0, 1] }],
  ]);
  assert.match(benchmarkTable([score(0, 'a', 30, 3), score(1, 'a', 70, 4)], plain, items), /\+40\.0 ±5\.0$/);
});

test('the table of benchmarks has one row for each, with a dash where it was not measured', () => {
  const rows = benchmarkTable([...SCORES, score(1, 'two_digit_addition', 70, 6)], plain).split('\n');
  assert.match(rows[1] ?? '', /^two_digit_addition +greedy +100 +30\.0 ±3\.0 +70\.0 ±6\.0 +\+40\.0 ±6\.7$/);
  assert.match(rows[2] ?? '', /^five_digit_addition +greedy +100 +10\.0 ±4\.0 +- +-$/);
});

test('the base alone has no gain', () => {
  assert.match(averageTable(SCORES, plain).split('\n')[1] ?? '', /20\.0 ±2\.5 +-$/);
});

test('a gain is coloured only where it is more than two standard errors', () => {
  const colours = coloursFor({ isTTY: true });
  const small = [score(0, 'a', 30, 3), score(1, 'a', 33, 3)]; // 3 ± 4.2
  assert.equal(averageTable(small, colours).includes('\u001b[32m'), false);
  assert.equal(
    averageTable([...SCORES, ...AFTER], colours).includes('\u001b[32m'),
    process.env['NO_COLOR'] === undefined,
  );
});

test('a table without rows is its heading', () => {
  assert.equal(
    textTable(
      [
        ['run', 'left'],
        ['seed', 'right'],
      ],
      [],
      plain,
    ),
    'run  seed',
  );
});
