import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { minus, OPERATOR_NAMES, plus, three, times } from '../../src/pretraining/arithmetic.js';
import { Random } from '../../src/random.js';

/** Reads columns back as a pupil would check them: every column must follow from its digits and what was carried
 *  into it; the result is what the digits and the last carry spell. Knows nothing of how they were written. */
function replay(text: string, column: (top: number, bottom: number, carried: number) => number): number {
  const pattern = /([0-9])([₀-₅])([0-9])([₀-₅])>([0-9])([0-9])([₀-₅])/gy;
  let carried = 0;
  let result = 0;
  let lastPlace = -1;
  let read = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, top, , bottom, , carry, digit, mark] = match;
    const value = column(Number(top), Number(bottom), carried);
    carried = Number(carry);
    assert.equal(value, value < 0 ? Number(digit) - 10 * carried : Number(digit) + 10 * carried, whole);
    lastPlace = '₀₁₂₃₄₅'.indexOf(mark ?? '');
    result += Number(digit) * 10 ** lastPlace;
    read += whole.length;
  }
  assert.equal(read, text.length, `columns and nothing else in ${text}`);
  return result + carried * 10 ** (lastPlace + 1);
}

const add = (top: number, bottom: number, carried: number) => top + bottom + carried;
const subtract = (top: number, bottom: number, borrowed: number) => top - bottom - borrowed;
const multiply = (top: number, bottom: number, carried: number) => top * bottom + carried;
const operand = fc.nat({ max: 99_999 });

test('98 + 45 is worked from the right, with the carry beside each digit', () => {
  // 8 + 5 = 13: digit 3, carry 1; 9 + 4 + 1 = 14: digit 4, carry 1; so 143
  assert.deepEqual(plus(98, 45).solution, { working: '8₀5₀>13₀9₁4₁>14₁', answer: '143' });
});

test('45 - 98 is the negative of 98 - 45', () => {
  // 8 - 5 = 3, 9 - 4 = 5
  assert.deepEqual(minus(45, 98).solution, { working: '-8₀5₀>03₀9₁4₁>05₁', answer: '-53' });
});

test('12 x 34 is 48 and 360 and their sum', () => {
  // 2*4 = 8, 1*4 = 4; 2*3 = 6 and 1*3 = 3 one place up; 8+0, 4+6 = 10, 0+3+1
  assert.deepEqual(times(12, 34).solution, {
    working: '2₀4₀>08₀1₁4₀>04₁,2₀3₁>06₁1₁3₁>03₂,8₀0₀>08₀4₁6₁>10₁0₂3₂>04₂',
    answer: '408',
  });
});

test('the columns of a sum replay to its answer', () => {
  fc.assert(
    fc.property(operand, operand, (a, b) => {
      const { working, answer } = plus(a, b).solution;
      assert.equal(replay(working, add), a + b);
      assert.equal(answer, String(a + b));
    }),
  );
});

test('the columns of a difference replay to its answer', () => {
  fc.assert(
    fc.property(operand, operand, (a, b) => {
      const { working, answer } = minus(a, b).solution;
      assert.equal(working.startsWith('-'), a < b);
      const size = replay(working.replace('-', ''), subtract);
      assert.equal(a < b ? -size : size, a - b);
      assert.equal(answer, String(a - b));
    }),
  );
});

test('the partial products of a product replay to its answer', () => {
  fc.assert(
    fc.property(fc.nat({ max: 99 }), fc.nat({ max: 99 }), (a, b) => {
      const { working, answer } = times(a, b).solution;
      const [ones = '', tens, sum] = working.split(',');
      assert.equal(answer, String(a * b));
      if (tens === undefined || sum === undefined) return assert.equal(replay(ones, multiply), a * b);
      assert.equal(replay(ones, multiply) + replay(tens, multiply), a * b);
      assert.equal(replay(sum, add), a * b);
    }),
  );
});

test('three operands are worked as two equations', () => {
  assert.deepEqual(three(4, '-', 7, '*', 3).solution, { working: '4-7=-3,-3*3=-9', answer: '-9' });
  assert.equal(three(4, '-', 7, '*', 3).question, 'What is (4 - 7) * 3?');
});

test('a slip changes one digit, and the answer is what the slipped columns spell', () => {
  fc.assert(
    fc.property(operand, operand, fc.nat(), (a, b, seed) => {
      const problem = plus(a, b);
      const slipped = problem.slipped?.(new Random(seed));
      assert.ok(slipped !== undefined);
      const changed = [...slipped.working].filter((char, i) => char !== problem.solution.working[i]);
      assert.equal(changed.length, 1);
      assert.notEqual(slipped.answer, problem.solution.answer);
      const digits = [...slipped.working.matchAll(/>([0-9])([0-9])/g)].map((match) => match[2]);
      const carry = /.*>([0-9])/.exec(slipped.working)?.[1];
      assert.equal(slipped.answer, String(Number([carry, ...digits.reverse()].join(''))));
    }),
  );
});

test('a slipped difference has a wrong answer', () => {
  fc.assert(
    fc.property(operand, operand, fc.nat(), (a, b, seed) => {
      const slipped = minus(a, b).slipped?.(new Random(seed));
      assert.notEqual(Number(slipped?.answer), a - b);
      assert.doesNotMatch(slipped?.answer ?? '', /^-0/);
    }),
  );
});

test('a slip in three operands is in the intermediate, and the second equation follows from it', () => {
  const operation = fc.constantFrom(...OPERATOR_NAMES);
  const digit = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(digit, operation, digit, operation, digit, fc.nat(), (a, first, b, second, c, seed) => {
      const problem = three(a, first, b, second, c);
      const slipped = problem.slipped?.(new Random(seed));
      const [, middle, again, last] = /=(-?\d+),(-?\d+)[-+*]\d=(-?\d+)$/.exec(slipped?.working ?? '') ?? [];
      const follows = { '+': Number(again) + c, '-': Number(again) - c, '*': Number(again) * c }[second];
      assert.equal(middle, again);
      assert.equal(Number(last), follows);
      assert.equal(slipped?.answer, last);
      assert.notEqual(slipped?.answer, problem.solution.answer);
    }),
  );
});
