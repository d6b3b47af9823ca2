import type { BenchmarkResult } from '../../actors/benchmarks.js';
import { resultsOfRun } from '../../storage/evaluation-results.js';
import type { ItemScores } from './estimates.js';
import { type MadeRun, withDatabase } from './runs.js';

/** Item scores by measure: `math, greedy`. */
export type Scores = ReadonlyMap<string, ItemScores>;

interface Measured {
  readonly measure: string;
  readonly rightCounts: readonly number[];
  readonly samples: number;
}

/** What a run's own evaluations found, by iteration; 0 is the base. */
export function scoresOfRun(run: MadeRun): ReadonlyMap<number, Scores> {
  const results = withDatabase(run, (db) => resultsOfRun(db, run.runId));
  return new Map(
    [...results].map(([iteration, own]) => [
      iteration,
      grouped(
        own.map(({ domain, metric, rightCounts, protocol: { samples } }) => ({
          measure: `${domain}, ${metric}`,
          rightCounts,
          samples,
        })),
      ),
    ]),
  );
}

/** What an evaluation found, by `measureOf`, which names the group of benchmarks that a result belongs to. */
export function scoresOf(
  results: readonly BenchmarkResult[],
  measureOf: (row: BenchmarkResult['row']) => string,
): Scores {
  return grouped(
    results.map(({ row, rightCounts, protocol: { samples } }) => ({ measure: measureOf(row), rightCounts, samples })),
  );
}

function grouped(results: readonly Measured[]): Scores {
  const scores = new Map<string, number[][]>();
  for (const { measure, rightCounts, samples } of results) {
    const items = rightCounts.map((count) => count / samples);
    scores.set(measure, [...(scores.get(measure) ?? []), items]);
  }
  return scores;
}
