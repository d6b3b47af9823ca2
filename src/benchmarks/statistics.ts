import { InternalError } from '../errors.js';

/** A score with its uncertainty, both in points from 0 to 100. The standard error of a single item is NaN: nothing is
 *  known of its spread (JSON and SQLite store it as null). */
export interface Estimate {
  readonly score: number;
  readonly stderr: number;
}

/** Mean of item scores in [0, 1] and its standard error: sample deviation (n − 1) over √n, over the items.
 *  @throws InternalError for no items. */
export function estimateMean(items: readonly number[]): Estimate {
  const average = mean(items);
  const variance = items.reduce((sum, item) => sum + (item - average) ** 2, 0) / (items.length - 1);
  return { score: 100 * average, stderr: 100 * Math.sqrt(variance / items.length) };
}

/** mean@k: each item's mean over its k samples, then {@link estimateMean} over the items. The standard error is that over
 *  items, so k samples of one item do not count as k items (Miller 2024, "Adding Error Bars to Evals", section 2.2).
 *  @throws InternalError for no items, or an item without samples. */
export function estimateMeanAtK(samples: readonly (readonly number[])[]): Estimate {
  return estimateMean(samples.map(mean));
}

/** The average of several benchmarks, each with the same weight, and the standard error that follows when they
 *  are independent: √(Σ se²) / n.
 *  @throws InternalError for no benchmarks. */
export function averageEstimates(estimates: readonly Estimate[]): Estimate {
  return {
    score: mean(estimates.map((estimate) => estimate.score)),
    stderr: Math.hypot(...estimates.map((estimate) => estimate.stderr)) / estimates.length,
  };
}

/** How much better `after` is than `before` on the same items in the same order, in points, with the standard error of
 *  the paired differences: what the items have in common cancels.
 *  @throws InternalError when the lists differ in length or are empty. */
export function pairedDifference(before: readonly number[], after: readonly number[]): Estimate {
  if (before.length !== after.length) {
    throw new InternalError(`paired difference: ${before.length} items before and ${after.length} after`);
  }
  return estimateMean(after.map((item, index) => item - (before[index] ?? 0)));
}

function mean(values: readonly number[]): number {
  if (values.length === 0) throw new InternalError('the mean of an empty list of scores');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
