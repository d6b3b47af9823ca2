import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countdownGold, makesTarget } from '../../src/grading/countdown.js';

const GOLD = countdownGold([96, 7, 37, 74], 55);
const RIGHT = countdownGold([3, 5, 8, 2], 7); // 3 * 5 - 8 is 7, without the 2

test('an expression that uses every number once and makes the target is right, in any spelling', () => {
  const gold = countdownGold([8, 2, 5, 3], 2); // 8 * 2 / (5 + 3) = 2
  for (const answer of ['8*2/(5+3)', '(8 × 2) ÷ (3 + 5)', '8 \\times 2 \\div \\left(5+3\\right)', '$8*2/(5+3)$ = 2']) {
    assert.equal(makesTarget(gold, answer), true, answer);
  }
  assert.equal(makesTarget(countdownGold([1, 3, 3], 1), '1/3*3'), true); // a third is exact
});

test('a number that is left out, used twice or not given makes an expression wrong', () => {
  assert.equal(makesTarget(RIGHT, '3*5-8'), false);
  assert.equal(makesTarget(RIGHT, '3*5-8+2-2'), false);
  assert.equal(makesTarget(countdownGold([3, 4], 12), '12'), false);
  assert.equal(makesTarget(countdownGold([3, 4], 12), '3*4*1'), false);
  assert.equal(makesTarget(countdownGold([3, 4], 12), '3+4'), false);
  assert.equal(makesTarget(countdownGold([3, 4], 12), '3*4=13'), false);
});

test('what is no expression is wrong and is never run', () => {
  for (const answer of [
    '',
    '55',
    '96-',
    '(96',
    '96 7',
    '1/0',
    '7**2',
    'process.exit(1)',
    '-(7)',
    '7/(37-37)',
    '= 55',
  ]) {
    assert.equal(makesTarget(GOLD, answer), false, answer);
  }
  assert.equal(makesTarget(GOLD, '('.repeat(100_000)), false);
});

test('an expression built from the numbers is right for the value that it has, and for no other', () => {
  const numbers = fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 2, maxLength: 4 });
  const operators = fc.array(fc.constantFrom('+', '-', '*'), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(numbers, operators, (given, signs) => {
      // From left to right, each step in parentheses: ((a + b) * c) - d.
      let value = given[0] as number;
      let text = String(value);
      given.slice(1).forEach((number, i) => {
        const sign = signs[i] as string;
        value = sign === '+' ? value + number : sign === '-' ? value - number : value * number;
        text = `(${text} ${sign} ${number})`;
      });
      assert.equal(makesTarget(countdownGold(given, value), text), true);
      assert.equal(makesTarget(countdownGold(given, value + 1), text), false);
    }),
  );
});
