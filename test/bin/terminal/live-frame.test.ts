import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import pc from 'picocolors';
import type { RunState } from '../../../actors/run-state.js';
import { columnsOf } from '../../../bin/terminal/fit.js';
import { liveFrame } from '../../../bin/terminal/live-frame.js';

const PLAIN = pc.createColors(false);
const STATE: RunState = {
  phase: 'trainingChallenger',
  pace: 'going',
  iteration: 2,
  iterations: 3,
  steps: { done: 2, total: 5 },
};
const task = (label: string, done: number, total: number, unit: string, elapsedMs: number) => ({
  update: { label, done, total, unit },
  startedAt: 0,
  elapsedMs,
});
// 512 in 4 s are 128 a second; the other 1,024 take 8 s
const VOTES = task('iteration 2: write and vote', 512, 1536, 'questions', 4000);

test('at 80 columns: the state, and each task with its bar, rate and time left', () => {
  assert.deepEqual(liveFrame(STATE, [VOTES], 80, PLAIN), [
    'iteration 2 of 3: training the Challenger, step 3 of 5',
    'iteration 2: write and vote  512/1,536 questions, 128 questions/s, 8.0 s left',
  ]);
  assert.deepEqual(liveFrame(null, [task('evaluate the base', 1, 4, 'passes', 2000)], 80, PLAIN), [
    'evaluate the base  ██████░░░░░░░░░░░░░░░░  1/4 passes, 0.50 passes/s, 6.0 s left',
  ]);
});

test('at 40 columns: fewer words, a bar only where there is room, and the label cut where it must be', () => {
  assert.deepEqual(liveFrame(STATE, [VOTES, task('evaluate', 1, 4, 'passes', 2000)], 40, PLAIN), [
    '2 of 3: training the Challenger, 3 of 5',
    'iteration 2: write and vote  512/1,536',
    'evaluate                     ██░░░░  1/4',
  ]);
  assert.deepEqual(liveFrame(null, [task('iteration 2: train the Challenger', 3, 5, 'steps', 6000)], 36, PLAIN), [
    'iteration 2: train the Challen…  3/5',
  ]);
});

test('bars of several tasks begin in one column', () => {
  const [first = '', second = ''] = liveFrame(
    null,
    [task('a', 1, 2, 'steps', 0), task('a long label', 1, 2, 'steps', 0)],
    80,
    PLAIN,
  );
  assert.equal(first.indexOf('█'), second.indexOf('█'));
  assert.equal(first, 'a             ████████████░░░░░░░░░░░░  1/2 steps');
});

test('a run that pauses says so', () => {
  assert.deepEqual(liveFrame({ ...STATE, pace: 'pausing' }, [], 80, PLAIN), [
    'iteration 2 of 3: training the Challenger, step 3 of 5, pausing',
  ]);
});

test('no line is ever wider than the terminal', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 120 }),
      fc.nat({ max: 1e7 }),
      (label, done, rest, columns, elapsedMs) => {
        const lines = liveFrame(STATE, [task(label, done, done + rest + 1, 'questions', elapsedMs)], columns, PLAIN);
        for (const line of lines) assert.ok(columnsOf(line) <= columns, `${columnsOf(line)} > ${columns}: ${line}`);
      },
    ),
  );
});
