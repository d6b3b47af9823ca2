import { InternalError } from '../errors.js';
import type { Domain } from '../rl/questions.js';
import type { Benchmark } from './catalog.js';
import { type Metric, sampleCount } from './metric.js';
import { averageEstimates, type Estimate, estimateMeanAtK } from './statistics.js';

/** What one benchmark came to. Score and standard error are in points from 0 to 100. */
export interface BenchmarkScore extends Estimate {
  readonly benchmark: string;
  /** The file that its items were read from; null for generated ones. */
  readonly file: string | null;
  readonly domain: Domain;
  readonly metric: Metric;
  /** Number of items. */
  readonly items: number;
}

/** Average over the benchmarks of one domain, each with the same weight, however many items it has. */
export interface DomainAverage extends Estimate {
  readonly domain: Domain;
  readonly metric: Metric;
  /** Number of benchmarks. */
  readonly benchmarks: number;
  /** Number of items of all of them. */
  readonly items: number;
}

/** The score of one benchmark. `correct[i]` tells of each sample of item i whether its answer is right: one sample an
 *  item for `greedy`, k of them for `mean@k`.
 *  @throws InternalError when the lists do not fit the items or the metric. */
export function scoreBenchmark(
  benchmark: Benchmark,
  metric: Metric,
  correct: readonly (readonly boolean[])[],
): BenchmarkScore {
  const count = sampleCount(metric);
  if (correct.length !== benchmark.items.length || correct.some((samples) => samples.length !== count)) {
    throw new InternalError(
      `${benchmark.name}: expected ${count} graded samples for each of ${benchmark.items.length} items`,
    );
  }
  return {
    benchmark: benchmark.name,
    file: benchmark.file,
    domain: benchmark.domain,
    metric,
    items: benchmark.items.length,
    ...estimateMeanAtK(correct.map((samples) => samples.map(Number))),
  };
}

/** One average for each domain and metric among the scores, in the order in which these first appear. */
export function domainAverages(scores: readonly BenchmarkScore[]): DomainAverage[] {
  const groups = new Map<string, BenchmarkScore[]>();
  for (const score of scores) {
    const key = `${score.domain} ${score.metric}`;
    groups.set(key, [...(groups.get(key) ?? []), score]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const items = group.reduce((sum, score) => sum + score.items, 0);
    const { domain, metric } = first;
    return [{ domain, metric, benchmarks: group.length, items, ...averageEstimates(group) }];
  });
}
