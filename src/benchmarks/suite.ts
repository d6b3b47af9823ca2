import { GENERAL_TASK_NAMES } from '../pretraining/general.js';
import { ARITHMETIC_TASK_NAMES, arithmeticBenchmark } from './arithmetic.js';
import type { Benchmark } from './catalog.js';
import { generalBenchmark } from './general.js';

/** The generated benchmarks, ten of arithmetic and five general, with `itemCount` items each. They serve where no
 *  public file is given, and the same seed gives the same items.
 *  @throws UsageError when a task has fewer held-out questions than asked for. */
export function generatedSuite(itemCount: number, seed: number): Benchmark[] {
  return [
    ...ARITHMETIC_TASK_NAMES.map((name) => arithmeticBenchmark(name, itemCount, seed)),
    ...GENERAL_TASK_NAMES.map((name) => generalBenchmark(name, itemCount, seed)),
  ];
}
