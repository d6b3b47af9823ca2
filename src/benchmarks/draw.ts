import { UsageError } from '../errors.js';
import { HELD_OUT_ONE_IN, heldOut } from '../pretraining/held-out.js';
import type { Problem } from '../pretraining/problem.js';
import { Random, stream } from '../random.js';
import type { Domain } from '../rl/questions.js';
import type { Benchmark, BenchmarkItem } from './catalog.js';

/** Draws for one new item before the task counts as used up: were a hundredth of its items left, failing would
 *  have a chance of exp(-12). */
const PATIENCE = 1200 * HELD_OUT_ONE_IN;

/** `count` distinct items whose questions the corpus never has.
 *  @throws UsageError when the task has fewer. */
export function heldOutItems(
  task: string,
  domain: Domain,
  draw: (random: Random) => Problem,
  count: number,
  seed: number,
): BenchmarkItem[] {
  const random = new Random(stream(seed, 'benchmark', task));
  const items = new Map<string, BenchmarkItem>();
  for (let misses = 0; items.size < count; misses++) {
    if (misses > PATIENCE) {
      throw new UsageError(`${task} has only about ${items.size} held-out questions; ask for ${items.size} or fewer`);
    }
    const { question, solution } = draw(random);
    if (!heldOut(question) || items.has(question)) continue;
    items.set(question, { question, answer: solution.answer, domain });
    misses = 0;
  }
  return [...items.values()];
}

/** A benchmark of drawn items. */
export const generated = (name: string, domain: Domain, items: readonly BenchmarkItem[]): Benchmark => ({
  name,
  domain,
  rule: 'value',
  metrics: ['greedy', 'mean@1'],
  file: null,
  fileSha256: null,
  items,
});
