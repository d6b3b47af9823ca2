import type { Random } from '../random.js';
import { type Column, differenceColumns, productColumns, spelled, sumColumns, writeColumns } from './columns.js';
import type { Problem } from './problem.js';

/** Arithmetic worded as in the GPT-3 tasks (Brown et al. 2020, section 3.9.1), with the working beside it. */

export type ArithmeticTask = 'plus' | 'minus' | 'times' | 'three';

/** `What is A plus B?`, worked as a column-wise sum. */
export function plus(a: number, b: number): Problem {
  const columns = sumColumns(a, b);
  const write = (columns: readonly Column[]) => ({ working: writeColumns(columns), answer: String(spelled(columns)) });
  return {
    question: `What is ${a} plus ${b}?`,
    solution: write(columns),
    slipped: (random) => write(withWrongDigit(columns, random)),
  };
}

/** `What is A minus B?`, worked as a column-wise difference of the larger and the smaller, after the sign. */
export function minus(a: number, b: number): Problem {
  const negative = a < b;
  const columns = negative ? differenceColumns(b, a) : differenceColumns(a, b);
  const write = (columns: readonly Column[]) => {
    const value = spelled(columns);
    return {
      working: (negative ? '-' : '') + writeColumns(columns),
      answer: negative && value !== 0 ? `-${value}` : String(value),
    };
  };
  return {
    question: `What is ${a} minus ${b}?`,
    solution: write(columns),
    slipped: (random) => write(withWrongDigit(columns, random)),
  };
}

/** `What is A times B?`, worked as the product with each digit of the second number and the sum of these. Assumes
 *  both below 100. */
export function times(a: number, b: number): Problem {
  const working = b < 10 ? oneDigit(a, b) : a < 10 ? oneDigit(b, a) : twoDigits(a, b);
  return { question: `What is ${a} times ${b}?`, solution: { working, answer: String(a * b) }, slipped: null };
}

const OPERATORS = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
} as const;
export type Operator = keyof typeof OPERATORS;
export const OPERATOR_NAMES: readonly Operator[] = ['+', '-', '*'];

/** `What is (A + B) * C?`, worked as two equations. Assumes operands of one digit, from 1. */
export function three(a: number, first: Operator, b: number, second: Operator, c: number): Problem {
  const continueFrom = (middle: number) => {
    const answer = String(OPERATORS[second](middle, c));
    return { working: `${a}${first}${b}=${middle},${middle}${second}${c}=${answer}`, answer };
  };
  const middle = OPERATORS[first](a, b);
  return {
    question: `What is (${a} ${first} ${b}) ${second} ${c}?`,
    solution: continueFrom(middle),
    slipped: (random) => continueFrom(middle + random.pick([-2, -1, 1, 2])),
  };
}

/** How arithmetic questions are drawn; each list holds weights, not necessarily summing to 1. */
export interface ArithmeticMix {
  readonly tasks: Readonly<Record<ArithmeticTask, number>>;
  /** Number of digits of sums and differences: 1, 2, 3, … Operands are uniform below 10 to that power. */
  readonly digits: readonly number[];
  /** Number of digits of a product's second factor: 1, 2. The first is below 100. */
  readonly factorDigits: readonly number[];
}

/** A random problem of one arithmetic task. */
export function drawArithmetic(task: ArithmeticTask, mix: ArithmeticMix, random: Random): Problem {
  switch (task) {
    case 'plus':
    case 'minus': {
      const limit = 10 ** (random.weighted(mix.digits) + 1);
      const problem = task === 'plus' ? plus : minus;
      return problem(random.integer(0, limit), random.integer(0, limit));
    }
    case 'times': {
      const limit = 10 ** (random.weighted(mix.factorDigits) + 1);
      return times(random.integer(0, 100), random.integer(0, limit));
    }
    case 'three':
      return drawThree(random);
  }
}

/** A random problem of three operands, as `single_digit_three_ops` has them: each from 1 to 9. */
export function drawThree(random: Random): Problem {
  const operand = () => random.integer(1, 10);
  return three(operand(), random.pick(OPERATOR_NAMES), operand(), random.pick(OPERATOR_NAMES), operand());
}

function oneDigit(a: number, digit: number): string {
  return writeColumns(productColumns(a, digit));
}

function twoDigits(a: number, b: number): string {
  const ones = productColumns(a, b % 10);
  const tens = productColumns(a, Math.floor(b / 10), 1);
  return [ones, tens, sumColumns(spelled(ones), spelled(tens))].map(writeColumns).join(',');
}

/** One digit of the result changed to another; the carries stay, as they were worked out beside it. */
function withWrongDigit(columns: readonly Column[], random: Random): Column[] {
  const wrong = random.integer(0, columns.length);
  const shift = random.integer(1, 10);
  return columns.map((column, i) => (i === wrong ? { ...column, digit: (column.digit + shift) % 10 } : column));
}
