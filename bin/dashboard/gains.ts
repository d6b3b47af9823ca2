import type { Estimate } from '../../src/benchmarks/statistics.js';
import type { GainRow, ScorePoint } from '../page/dashboard/contract.js';
import { averageGain, averages, grouped, type ItemScores, type Score } from '../terminal/tables.js';

/** The averages of a run's scores and then its benchmarks, each over the iterations with its gain over the base: what the
 *  score tables of the terminal say. */
export function gainRows(scores: readonly Score[], items: ItemScores): readonly GainRow[] {
  const byDomain = grouped(averages(scores), ({ domain, metric }) => `${domain} ${metric}`);
  const byBenchmark = grouped(scores, ({ benchmark, metric }) => `${benchmark} ${metric}`);
  return [
    ...byDomain.map((points) => row(byIteration(points), true, scores, items)),
    ...byBenchmark.map((points) => row(byIteration(points), false, scores, items)),
  ];
}

/** `points` has one score for each iteration, the base first; `scores` are those that an average is of. */
function row(points: readonly ScorePoint[], isAverage: boolean, scores: readonly Score[], items: ItemScores): GainRow {
  const [first] = points;
  const name = first?.benchmark ?? '';
  const domain = first?.domain ?? '';
  const metric = first?.metric ?? '';
  const at = (iteration: number): readonly Score[] =>
    scores.filter(
      (score) =>
        score.iteration === iteration &&
        score.metric === metric &&
        (isAverage ? score.domain === domain : score.benchmark === name),
    );
  const last = points.at(-1)?.iteration ?? 0;
  const [before, after] = [at(0), at(last)];
  const measurable = last > 0 && before.length > 0 && after.length > 0;
  return {
    name,
    domain,
    metric,
    isAverage,
    items: first?.items ?? 0,
    points: points.map(({ iteration, score, stderr }) => ({ iteration, score, stderr })),
    gain: measurable ? plain(averageGain(before, after, items)) : null,
  };
}

function byIteration(points: readonly ScorePoint[]): readonly ScorePoint[] {
  return points.toSorted((a, b) => a.iteration - b.iteration);
}

/** JSON has no NaN: an error that is not known is null. */
function plain({ score, stderr }: Estimate): GainRow['gain'] {
  return { score, stderr: Number.isNaN(stderr) ? null : stderr };
}
