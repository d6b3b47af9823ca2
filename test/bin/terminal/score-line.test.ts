import assert from 'node:assert/strict';
import { test } from 'node:test';
import pc from 'picocolors';
import { columnsOf } from '../../../bin/terminal/fit.js';
import { type Standing, scoreLine } from '../../../bin/terminal/score-line.js';
import { sparkline } from '../../../bin/terminal/sparkline.js';

const PLAIN = pc.createColors(false);
const AFTER_ONE: Standing = {
  iteration: 1,
  math: [35, 82.7],
  general: 95,
  labelAccuracy: 0.999,
  kept: 512,
  questions: 1536,
};

test('an iteration in a line: scores with the gain, right labels, kept questions, and the way there', () => {
  assert.equal(
    scoreLine(AFTER_ONE, null, PLAIN),
    'iteration 1  math 82.7 (+47.7)  general 95.0  labels 99.9 %  kept 512/1,536  ▁█',
  );
});

test('at 80 columns it is whole for two scores, and leaves out what was kept when the way gets longer', () => {
  assert.equal(scoreLine(AFTER_ONE, 80, PLAIN), scoreLine(AFTER_ONE, null, PLAIN));
  assert.equal(
    scoreLine({ ...AFTER_ONE, iteration: 3, math: [35, 82.7, 82.5, 82.5] }, 80, PLAIN),
    'iteration 3  math 82.5 (+47.5)  general 95.0  labels 99.9 %  ▁███',
  );
});

test('at 40 columns the scores stay', () => {
  assert.equal(scoreLine(AFTER_ONE, 40, PLAIN), 'iteration 1  math 82.7 (+47.7)  ▁█');
  assert.equal(scoreLine(AFTER_ONE, 8, PLAIN), 'iterati…');
});

test('at every width it fits', () => {
  for (let columns = 1; columns <= 100; columns++) {
    assert.ok(columnsOf(scoreLine(AFTER_ONE, columns, PLAIN)) <= columns);
  }
});

test('the base has no gain and no labels; what was not measured is not told', () => {
  const base = { iteration: 0, math: [35], general: 85.2, labelAccuracy: null, kept: 0, questions: 0 };
  assert.equal(scoreLine(base, 80, PLAIN), 'base  math 35.0  general 85.2');
  assert.equal(scoreLine({ ...base, math: [], general: null }, 80, PLAIN), 'base');
});

test('a loss is a loss', () => {
  assert.match(scoreLine({ ...AFTER_ONE, math: [50, 45.5] }, 80, PLAIN), /math 45\.5 \(-4\.5\)/);
});

test('a sparkline goes from the least to the greatest, and small changes stay small', () => {
  assert.equal(sparkline([0, 50, 100], 10), '▁▅█');
  assert.equal(sparkline([80, 80.5, 80], 10), '▁▁▁'); // half a point of ten is under half a level of seven
  assert.equal(sparkline([80, 82, 85], 10), '▁▂▅');
  assert.equal(sparkline([], 10), '');
});
