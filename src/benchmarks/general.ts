import { GENERAL_TASKS, type GeneralTask } from '../pretraining/general.js';
import type { Benchmark } from './catalog.js';
import { generated, heldOutItems } from './draw.js';

/** `count` distinct held-out questions of one general task, with the longer lists, the same for the same seed.
 *  @throws UsageError when the task has too few held-out questions. */
export function generalBenchmark(name: GeneralTask, count: number, seed: number): Benchmark {
  const items = heldOutItems(name, 'general', (random) => GENERAL_TASKS[name](random, true), count, seed);
  return generated(name, 'general', items);
}
