import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnswerRule, extractAnswer, gradeAnswer, optionLetter } from '../../src/grading/answer-rules.js';

const EXTRACTED: readonly (readonly [string, string | null])[] = [
  ['so \\boxed{7} or rather \\boxed{\\frac{1}{2}}.', '\\frac{1}{2}'],
  ['the answer is 5 but \\boxed{6', null], // the last box is cut: not answered
  ['the answer is \\boxed{}', null],
  ['First the answer is 4.\nNo, the answer is **5**.\n', '5'],
  ['Final Answer: $x + 1$', 'x + 1'],
  ['so 6 * 7 = 42\n#### 42', '42'],
  ['The answer is: (B)', '(B)'],
  ['I do not know', null],
  ['Answer:', null],
  ['', null],
];
for (const [text, expected] of EXTRACTED) {
  test(`from ${JSON.stringify(text)} ${JSON.stringify(expected)} is read`, () => {
    assert.equal(extractAnswer(text), expected);
  });
}

const LETTERS: readonly (readonly [string, string | null])[] = [
  ['B', 'B'],
  ['(B)', 'B'],
  ['b', 'B'],
  ['\\text{B}', 'B'],
  ['**B**', 'B'],
  ['B. Blue', 'B'],
  ['(B): Blue', 'B'],
  ['Option B', 'B'],
  ['Answer: B', 'B'],
  ['Blue', null],
  ['BC', null],
  ['A, B', null],
  ['7', null],
  ['', null],
];
for (const [answer, expected] of LETTERS) {
  test(`the option in ${JSON.stringify(answer)} is ${expected}`, () => {
    assert.equal(optionLetter(answer), expected);
  });
}

const GRADED: readonly (readonly [AnswerRule, string, string, boolean])[] = [
  ['value', '\\frac{1}{2}', '0.5', true],
  ['value', '2125', '2,125', true],
  ['value', '0.6666666667', '2/3', false],
  ['rounded', '0.6666666667', '2/3', true],
  ['rounded', '0.6666666667', '\\frac{2}{3}', true],
  ['rounded', '0.6666666667', '0.66', false],
  ['rounded', '3.33333', '10/3', true],
  ['rounded', '9.43', '9.4301', false], // a price is exact
  ['rounded', '9.43', '9.430', true],
  ['choice', 'B', '(B)', true],
  ['choice', 'B', 'A', false],
  ['choice', 'B', 'Blue', false],
  ['text', '(E)', 'E', true],
  ['text', '(E)', '(e)', true],
  ['text', '(E)', 'E. because', true],
  ['text', 'no, unknown, yes', '\\text{No,unknown, yes}', true],
  ['text', 'no, unknown, yes', 'no, yes, unknown', false],
  ['text', '[friday, thursday]', 'friday, thursday', true],
  ['text', '[]', '[]', true],
  ['text', '[]', '', false],
  ['text', '90.0', '90', true],
  ['text', '13', '12', false],
  ['text', 'True', 'true.', true],
  ['text', 'kas jiłaka’pa', "kas jiłaka'pa", true],
  ['text', '5', '5 apples', false],
];
for (const [rule, gold, answer, right] of GRADED) {
  test(`by ${rule}, ${JSON.stringify(answer)} for ${JSON.stringify(gold)} is ${right ? 'right' : 'wrong'}`, () => {
    assert.equal(gradeAnswer(rule, gold, `so \\boxed{${answer}}`).right, right);
  });
}
