import { InternalError } from '../errors.js';
import { type StreamKey, stream, uniform } from '../random.js';
import type { Estimate } from './statistics.js';

/** How much better one evaluation is than another of the same items, in points. */
export interface PairedGain extends Estimate {
  /** The middle 95 % of the gains over resampled items. */
  readonly low: number;
  readonly high: number;
  /** Two-sided: how often items drawn anew would turn the gain around, were it chance. */
  readonly pValue: number;
}

/**
 * The gain between two evaluations of the same items by the paired bootstrap (Efron and Tibshirani 1993, chapter 16): items
 * are drawn with replacement, each with both of its scores. Several benchmarks are drawn each for itself, and averaged with
 * the same weight. `differences` has for each benchmark the item scores after less those before, in [−1, 1].
 * @throws InternalError for a benchmark without items.
 */
export function pairedBootstrap(
  differences: readonly (readonly number[])[],
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): PairedGain {
  if (differences.length === 0 || differences.some(({ length }) => length === 0))
    throw new InternalError('a paired bootstrap of no items');
  const gain = mean(differences.map(mean));
  const totals = new Float64Array(resamples);
  for (const [i, items] of differences.entries()) resample(items, totals, stream(seed, 'bootstrap', i));
  for (let i = 0; i < resamples; i++) totals[i] = (totals[i] ?? 0) / differences.length;
  const sorted = totals.sort();
  const average = mean([...sorted]);
  const variance = sorted.reduce((sum, value) => sum + (value - average) ** 2, 0) / (resamples - 1);
  const [below, above] = [sorted.filter((value) => value <= 0).length, sorted.filter((value) => value >= 0).length];
  return {
    score: 100 * gain,
    stderr: 100 * Math.sqrt(variance),
    low: 100 * quantile(sorted, 0.025),
    high: 100 * quantile(sorted, 0.975),
    pValue: Math.min(1, (2 * (Math.min(below, above) + 1)) / (resamples + 1)),
  };
}

/** Adds to each total the mean of as many items as there are, drawn with replacement. */
function resample(items: readonly number[], totals: Float64Array, key: StreamKey): void {
  const values = Float64Array.from(items);
  let counter = 0;
  for (let i = 0; i < totals.length; i++) {
    let sum = 0;
    for (let j = 0; j < values.length; j++) sum += values[Math.floor(uniform(key, counter++) * values.length)] ?? 0;
    totals[i] = (totals[i] ?? 0) + sum / values.length;
  }
}

/**
 * The exact test of McNemar (1947), two-sided: of the items that only one of two evaluations has right, whether their split
 * is one that a fair coin would give. 1 where there are none.
 */
export function exactMcNemar(onlyBefore: number, onlyAfter: number): number {
  const count = onlyBefore + onlyAfter;
  const fewer = Math.min(onlyBefore, onlyAfter);
  let log = -count * Math.LN2; // of the binomial probability of none
  let tail = Math.exp(log);
  for (let k = 1; k <= fewer; k++) {
    log += Math.log(count - k + 1) - Math.log(k);
    tail += Math.exp(log);
  }
  return Math.min(1, 2 * tail);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The value below which a share of the sorted ones lies, between two of them by their distance. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? low) - low);
}
