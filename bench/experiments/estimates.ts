import { averageEstimates, estimateMean, pairedDifference } from '../../src/benchmarks/statistics.js';
import { InternalError } from '../../src/errors.js';

/** Of each benchmark the items' scores, in [0, 1]. Wherever the same items were asked they stand in the same order. */
export type ItemScores = readonly (readonly number[])[];

/** A mean over seeds, in points of 100. */
export interface SeedMean {
  readonly mean: number;
  readonly bySeed: readonly number[];
  /** Standard error of the mean as seeds are drawn anew: their deviation over the root of their number. NaN for one seed. */
  readonly ofSeeds: number;
  /** Standard error as items are drawn anew and seeds stay; NaN where there are no items. */
  readonly ofItems: number;
}

/** The average of a measure's benchmarks, over seeds that were asked the same items; NaN where one has none.
 *  @throws InternalError where they were not. */
export function seedMean(bySeed: readonly ItemScores[]): SeedMean {
  if (bySeed.some(({ length }) => length === 0)) return ofNumbers([Number.NaN]);
  const averages = bySeed.map((benchmarks) => averageEstimates(benchmarks.map(estimateMean)).score);
  const [first = []] = bySeed;
  const overSeeds = first.map((items, b) =>
    items.map((_, i) => {
      const values = bySeed.map((benchmarks) => benchmarks[b]?.[i]);
      if (values.some((value) => value === undefined)) throw new InternalError('seeds were asked different items');
      return mean(values as number[]);
    }),
  );
  return { ...ofNumbers(averages), ofItems: averageEstimates(overSeeds.map(estimateMean)).stderr };
}

/** How much higher `after` is, seed by seed and item by item: what an item's difficulty has in both cancels. NaN where
 *  either has none.
 *  @throws InternalError where they were not asked the same items. */
export function pairedGain(before: readonly ItemScores[], after: readonly ItemScores[]): SeedMean {
  const differences = after.map((benchmarks, s) =>
    (before[s]?.length === 0 ? [] : benchmarks).map((items, b) => {
      const earlier = before[s]?.[b] ?? [];
      pairedDifference(earlier, items); // holds the lengths to each other
      return items.map((item, i) => item - (earlier[i] ?? 0));
    }),
  );
  const { ofItems } = seedMean(differences);
  const [earlier, later] = [seedMean(before), seedMean(after)];
  return { ...ofNumbers(later.bySeed.map((score, s) => score - (earlier.bySeed[s] ?? Number.NaN))), ofItems };
}

/** The mean over seeds that were asked different items; a seed without items counts for nothing. */
export function separateMean(bySeed: readonly (readonly number[])[]): SeedMean {
  const estimates = bySeed.filter(({ length }) => length > 0).map(estimateMean);
  const { ofItems, ...overSeeds } = ofNumbers(estimates.map(({ score }) => score));
  return { ...overSeeds, ofItems: estimates.length === 0 ? ofItems : averageEstimates(estimates).stderr };
}

/** The mean of one number a seed, in points already. */
export function ofNumbers(bySeed: readonly number[]): SeedMean {
  const average = mean(bySeed);
  const variance = bySeed.reduce((sum, value) => sum + (value - average) ** 2, 0) / (bySeed.length - 1);
  return { mean: average, bySeed, ofSeeds: Math.sqrt(variance / bySeed.length), ofItems: Number.NaN };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
