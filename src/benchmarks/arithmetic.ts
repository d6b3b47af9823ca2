import { drawThree, minus, plus, times } from '../pretraining/arithmetic.js';
import type { Problem } from '../pretraining/problem.js';
import type { Random } from '../random.js';
import type { Benchmark } from './catalog.js';
import { generated, heldOutItems } from './draw.js';

type Draw = (random: Random) => Problem;

/** The ten arithmetic tasks of GPT-3 (Brown et al. 2020, section 3.9.1) under their files' names: operands of n-digit
 *  tasks are uniform in [0, 10^n), those of three operations in [1, 9]. */
export const ARITHMETIC_TASKS = {
  two_digit_addition: operands(plus, 2),
  three_digit_addition: operands(plus, 3),
  four_digit_addition: operands(plus, 4),
  five_digit_addition: operands(plus, 5),
  two_digit_subtraction: operands(minus, 2),
  three_digit_subtraction: operands(minus, 3),
  four_digit_subtraction: operands(minus, 4),
  five_digit_subtraction: operands(minus, 5),
  two_digit_multiplication: operands(times, 2),
  single_digit_three_ops: drawThree,
} as const satisfies Record<string, Draw>;
export type ArithmeticTaskName = keyof typeof ARITHMETIC_TASKS;
export const ARITHMETIC_TASK_NAMES = Object.keys(ARITHMETIC_TASKS) as readonly ArithmeticTaskName[];

/** `count` distinct held-out questions of one task, the same for the same seed.
 *  @throws UsageError when the task has too few held-out questions. */
export function arithmeticBenchmark(name: ArithmeticTaskName, count: number, seed: number): Benchmark {
  const items = heldOutItems(name, 'math', ARITHMETIC_TASKS[name], count, seed);
  return generated(name, 'math', items);
}

function operands(task: (a: number, b: number) => Problem, digitCount: number): Draw {
  const limit = 10 ** digitCount;
  return (random) => task(random.integer(0, limit), random.integer(0, limit));
}
