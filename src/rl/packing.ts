/**
 * How examples of unequal length share padded batches, and how batches share workers. Both are pure functions of the
 * lengths: the same examples give the same batches on every machine, and so the same sums of gradients.
 */

/**
 * Splits examples into micro-batches of similar length, longest first: indices into `lengths`, each exactly once.
 * A micro-batch is padded to its longest example, and no more than `tokenBudget` tokens then; an example that is
 * longer than the budget has a micro-batch of its own. Equal lengths keep their order.
 */
export function microBatches(lengths: readonly number[], tokenBudget: number): readonly (readonly number[])[] {
  const batches: number[][] = [];
  let longest = 0;
  for (const index of descending(lengths)) {
    const batch = batches.at(-1);
    if (batch !== undefined && (batch.length + 1) * longest <= tokenBudget) batch.push(index);
    else {
      batches.push([index]);
      longest = lengths[index] ?? 0;
    }
  }
  return batches;
}

/** Largest share of padding that larger micro-batches are allowed. */
const MOST_PADDING = 0.08;

/** Micro-batches that workers can share evenly: the largest that a budget gives without much padding, the budgets tried in
 *  their order; the last one takes what padding it needs. */
export function evenMicroBatches(
  lengths: readonly number[],
  tokenBudgets: readonly number[],
  workerCount: number,
): readonly (readonly number[])[] {
  let batches: readonly (readonly number[])[] = [];
  for (const budget of tokenBudgets) {
    batches = evenlyWithin(lengths, budget, workerCount);
    if (paddingShare(lengths, batches) <= MOST_PADDING) break;
  }
  return batches;
}

/** Micro-batches of no more than `tokenBudget` tokens, their number a multiple of `workerCount` where there are examples
 *  enough, each as small as that number allows. So no worker waits long for another. */
function evenlyWithin(lengths: readonly number[], tokenBudget: number, workerCount: number) {
  const fewest = microBatches(lengths, tokenBudget).length;
  const wanted = workerCount * Math.ceil(fewest / workerCount);
  // The smallest budget that gives no more than that many, by halving: a smaller budget never gives fewer.
  let [low, high] = [0, tokenBudget];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (microBatches(lengths, middle).length <= wanted) high = middle;
    else low = middle;
  }
  return microBatches(lengths, high);
}

/** Shares groups among workers so that their token counts are nearly equal: the largest group first, each to the worker
 *  with the fewest tokens so far (Graham 1969), the first of equals. Returns indices into `tokenCounts` for each worker, in
 *  ascending order; a worker may have none. */
export function shard(tokenCounts: readonly number[], workerCount: number): readonly (readonly number[])[] {
  const shares = Array.from({ length: workerCount }, () => ({ tokens: 0, groups: [] as number[] }));
  for (const group of descending(tokenCounts)) {
    const share = shares.reduce((least, candidate) => (candidate.tokens < least.tokens ? candidate : least));
    share.tokens += tokenCounts[group] ?? 0;
    share.groups.push(group);
  }
  return shares.map(({ groups }) => groups.sort((a, b) => a - b));
}

/** Share of a packing that is padding, in [0, 1): what the trainer computes for nothing. */
export function paddingShare(lengths: readonly number[], batches: readonly (readonly number[])[]): number {
  let padded = 0;
  let used = 0;
  for (const batch of batches) {
    const sizes = batch.map((index) => lengths[index] ?? 0);
    padded += batch.length * Math.max(...sizes);
    used += sizes.reduce((sum, size) => sum + size, 0);
  }
  return padded === 0 ? 0 : 1 - used / padded;
}

function descending(values: readonly number[]): readonly number[] {
  return values.map((_, index) => index).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
}
