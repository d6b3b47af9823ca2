import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ARITHMETIC_TASK_NAMES,
  type ArithmeticTaskName,
  arithmeticBenchmark,
} from '../../src/benchmarks/arithmetic.js';
import { documentAt, PLAIN_CORPUS } from '../../src/pretraining/corpus.js';
import { heldOut } from '../../src/pretraining/held-out.js';

/** The answer by reading the question again. */
function evaluate(question: string): number {
  const two = /^What is (\d+) (plus|minus|times) (\d+)\?$/.exec(question);
  if (two !== null) return apply(Number(two[1]), two[2], Number(two[3]));
  const three = /^What is \((\d) ([-+*]) (\d)\) ([-+*]) (\d)\?$/.exec(question);
  assert.ok(three !== null, question);
  return apply(apply(Number(three[1]), three[2], Number(three[3])), three[4], Number(three[5]));
}

function apply(a: number, operator: string | undefined, b: number): number {
  if (operator === 'plus' || operator === '+') return a + b;
  return operator === 'minus' || operator === '-' ? a - b : a * b;
}

test('every task has the right answers, distinct questions, and held-out ones only', () => {
  for (const name of ARITHMETIC_TASK_NAMES) {
    const { items, domain } = arithmeticBenchmark(name, 200, 0);
    assert.equal(domain, 'math');
    assert.equal(new Set(items.map(({ question }) => question)).size, 200);
    for (const { question, answer } of items) {
      assert.ok(heldOut(question), question);
      assert.equal(answer, String(evaluate(question)), question);
    }
  }
});

const WORDING: Readonly<Record<ArithmeticTaskName, RegExp>> = {
  two_digit_addition: /^What is \d{1,2} plus \d{1,2}\?$/,
  three_digit_addition: /^What is \d{1,3} plus \d{1,3}\?$/,
  four_digit_addition: /^What is \d{1,4} plus \d{1,4}\?$/,
  five_digit_addition: /^What is \d{1,5} plus \d{1,5}\?$/,
  two_digit_subtraction: /^What is \d{1,2} minus \d{1,2}\?$/,
  three_digit_subtraction: /^What is \d{1,3} minus \d{1,3}\?$/,
  four_digit_subtraction: /^What is \d{1,4} minus \d{1,4}\?$/,
  five_digit_subtraction: /^What is \d{1,5} minus \d{1,5}\?$/,
  two_digit_multiplication: /^What is \d{1,2} times \d{1,2}\?$/,
  single_digit_three_ops: /^What is \([1-9] [-+*] [1-9]\) [-+*] [1-9]\?$/,
};

test('every task is worded as its file, with operands uniform below the power of ten', () => {
  for (const name of ARITHMETIC_TASK_NAMES) {
    const { items } = arithmeticBenchmark(name, 300, 1);
    for (const { question } of items) assert.match(question, WORDING[name]);
    const limit = 10 ** (['single', '', 'two', 'three', 'four', 'five'].indexOf(name.split('_')[0] ?? '') || 1);
    const operands = items.flatMap(({ question }) => (question.match(/\d+/g) ?? []).map(Number));
    const mean = operands.reduce((sum, operand) => sum + operand, 0) / operands.length;
    assert.ok(Math.abs(mean / limit - 0.5) < 0.05, `${name}: mean operand ${mean}`); // deviation 0.29 / sqrt(600) = 0.012
  }
});

test('the same seed gives the same items, another seed others', () => {
  const questions = (seed: number) => arithmeticBenchmark('two_digit_addition', 20, seed).items;
  assert.deepEqual(questions(3), questions(3));
  assert.notDeepEqual(questions(3), questions(4));
});

test('a large corpus has none of the items, one-digit and two-digit ones included', () => {
  const evaluated = new Set<string>();
  for (const name of ARITHMETIC_TASK_NAMES) {
    for (const { question } of arithmeticBenchmark(name, 500, 5).items) evaluated.add(question);
  }
  const settings = { ...PLAIN_CORPUS, general: 0 };
  let twoDigits = 0;
  for (let index = 0; index < 60_000; index++) {
    const { question } = documentAt(settings, 2, index);
    assert.ok(!evaluated.has(question), question);
    if (WORDING.two_digit_addition.test(question)) twoDigits++;
  }
  assert.ok(twoDigits > 10_000); // more draws than there are such questions, so none is missing by luck
});

test('more items than a task has held out are refused with the number there is', () => {
  assert.throws(() => arithmeticBenchmark('single_digit_three_ops', 5000, 0), {
    name: 'UsageError',
    message: /^single_digit_three_ops has only about [78]\d\d held-out questions; ask for [78]\d\d or fewer$/,
  });
});
