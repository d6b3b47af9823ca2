import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeProgress } from '../../bin/terminal/describe-progress.js';
import { formatBytes, formatDuration } from '../../bin/terminal/numbers.js';
import { openLines } from '../../bin/terminal/progress-lines.js';

const update = (done: number, label = 'answers') => ({ label, done, total: 200, unit: 'answers' });

/** Progress as lines over a clock that the test sets, and what was written. */
function lines() {
  const clock = { ms: 0 };
  const written: string[] = [];
  const progress = openLines({ write: (text: string) => written.push(text) }, () => clock.ms);
  const at = (ms: number, done: number, label?: string): void => {
    clock.ms = ms;
    progress.update(update(done, label));
  };
  return { written, at };
}

test('a task under way tells its rate and the time that is left', () => {
  // 50 in 2 s are 25 a second; the other 150 take 6 s
  assert.equal(
    describeProgress({ update: update(50), startedAt: 0, elapsedMs: 2000 }),
    '50/200 answers, 25 answers/s, 6.0 s left',
  );
});

test('the rate counts from where the task began, not from zero', () => {
  // resumed at 100: 50 more in 2 s are 25 a second; the other 50 take 2 s
  assert.equal(
    describeProgress({ update: update(150), startedAt: 100, elapsedMs: 2000 }),
    '150/200 answers, 25 answers/s, 2.0 s left',
  );
});

test('a task that ended tells how long it took', () => {
  assert.equal(
    describeProgress({ update: update(200), startedAt: 0, elapsedMs: 8000 }),
    '200/200 answers in 8.0 s, 25 answers/s',
  );
});

test('a task that has done nothing yet has no rate', () => {
  assert.equal(describeProgress({ update: update(0), startedAt: 0, elapsedMs: 5000 }), '0/200 answers');
});

test('without a terminal there is a line after a second, then every ten, then at the end', () => {
  const { written, at } = lines();
  for (const [ms, done] of [
    [0, 0],
    [500, 10],
    [1000, 20],
    [5000, 100],
    [10_999, 150],
    [11_000, 160],
    [12_000, 200],
  ] as const) {
    at(ms, done);
  }
  assert.deepEqual(
    written.map((line) => line.split(',')[0]),
    ['answers: 20/200 answers', 'answers: 160/200 answers', 'answers: 200/200 answers in 12 s'],
  );
});

test('a task of less than a second is not worth a line', () => {
  const { written, at } = lines();
  at(0, 0);
  at(900, 200);
  assert.deepEqual(written, []);
});

test('two tasks at once have clocks of their own', () => {
  const { written, at } = lines();
  at(0, 0, 'questions');
  at(5000, 0, 'answers');
  at(7000, 200, 'answers');
  at(10_000, 200, 'questions');
  assert.deepEqual(written, [
    'answers: 200/200 answers in 2.0 s, 100 answers/s\n',
    'questions: 200/200 answers in 10 s, 20 answers/s\n',
  ]);
});

test('a label that ended may begin again', () => {
  const { written, at } = lines();
  at(0, 0);
  at(2000, 200);
  at(60_000, 0);
  at(64_000, 200);
  assert.equal(written.at(-1), 'answers: 200/200 answers in 4.0 s, 50 answers/s\n');
});

test('durations and sizes read as people say them', () => {
  assert.deepEqual([0.42, 9.94, 9.96, 59.4, 59.6, 200, 3599.6, 3900].map(formatDuration), [
    '0.4 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 00 s',
    '3 min 20 s',
    '1 h 00 min',
    '1 h 05 min',
  ]);
  assert.deepEqual([640 * 2 ** 20, 1.5 * 2 ** 30].map(formatBytes), ['640 MiB', '1.5 GiB']);
});
