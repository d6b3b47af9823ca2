import Table from 'cli-table3';
import { averageEstimates, type Estimate, pairedDifference } from '../../src/benchmarks/statistics.js';
import type { Colours } from './colour.js';
import { formatCount } from './numbers.js';

/** Tables for people. Numbers stand to the right; a table without rows is its heading alone. */

/** One benchmark's score after one iteration, as the view `benchmark_scores` has it. */
export interface Score {
  readonly iteration: number;
  readonly benchmark: string;
  readonly domain: string;
  readonly metric: string;
  readonly items: number;
  readonly score: number;
  readonly stderr: number | null;
}

export type Alignment = 'left' | 'right';

/** A table as text, with a heading and without rules between the rows. */
export function textTable(
  columns: readonly (readonly [name: string, align: Alignment])[],
  rows: readonly (readonly string[])[],
  colours: Colours,
): string {
  const table = new Table({
    head: columns.map(([name]) => colours.bold(name)),
    colAligns: columns.map(([, align]) => align),
    chars: PLAIN_RULES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The item scores, in [0, 1], that a run's scores are the means of, by {@link scoreKey}. Those of equal `items` are of the
 *  same questions in the same order. */
export type ItemScores = ReadonlyMap<string, { readonly items: string; readonly scores: readonly number[] }>;
export const scoreKey = ({ iteration, benchmark, metric }: Pick<Score, 'iteration' | 'benchmark' | 'metric'>): string =>
  `${iteration} ${benchmark} ${metric}`;
const NO_ITEMS: ItemScores = new Map();

/** The averages of a run: a row for each domain and metric, a column for each iteration, and the gain over the base. */
export function averageTable(scores: readonly Score[], colours: Colours, items = NO_ITEMS): string {
  const rows = grouped(scores, ({ domain, metric }) => `${domain} ${metric}`);
  return scoresOverIterations(rows, 'average', colours, items);
}

/** The scores of a run by benchmark: a row for each benchmark and metric. */
export function benchmarkTable(scores: readonly Score[], colours: Colours, items = NO_ITEMS): string {
  const rows = grouped(scores, ({ benchmark, metric }) => `${benchmark} ${metric}`);
  return scoresOverIterations(rows, 'benchmark', colours, items);
}

/** How much better `after` is than `before`, with √(se² + se²): as if the items were drawn anew each time. They are
 *  the same items, so the true uncertainty of the gain is rather smaller. */
export function gain(before: Estimate, after: Estimate): Estimate {
  return { score: after.score - before.score, stderr: Math.hypot(before.stderr, after.stderr) };
}

/** The gain of the average of some benchmarks, paired item by item where the item scores of all of them are there: what the
 *  items have in common cancels. Else as {@link gain}. */
export function averageGain(before: readonly Score[], after: readonly Score[], items: ItemScores): Estimate {
  const paired = before.map((score) => {
    const first = items.get(scoreKey(score));
    const then = after.find(({ benchmark }) => benchmark === score.benchmark);
    const second = then === undefined ? undefined : items.get(scoreKey(then));
    return first === undefined || first.items !== second?.items ? null : pairedDifference(first.scores, second.scores);
  });
  const known = paired.filter((difference) => difference !== null);
  if (known.length === before.length && before.length === after.length) return averageEstimates(known);
  return gain(averageEstimates(before.map(toEstimate)), averageEstimates(after.map(toEstimate)));
}

/** `60.2 ±1.5`; only the score where the error is not known. */
export function formatEstimate({ score, stderr }: Estimate): string {
  return Number.isNaN(stderr) ? score.toFixed(1) : `${score.toFixed(1)} ±${stderr.toFixed(1)}`;
}

/** The average of the benchmarks of each domain, for each metric and iteration. */
export function averages(scores: readonly Score[]): readonly Score[] {
  const groups = grouped(scores, ({ domain, metric, iteration }) => `${domain} ${metric} ${iteration}`);
  return groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { score, stderr } = averageEstimates(group.map(toEstimate));
    const items = group.reduce((sum, each) => sum + each.items, 0);
    return [{ ...first, benchmark: first.domain, items, score, stderr: Number.isNaN(stderr) ? null : stderr }];
  });
}

/** One row for each group of scores: the average over its benchmarks, of which there may be one. */
function scoresOverIterations(
  groups: readonly (readonly Score[])[],
  name: 'average' | 'benchmark',
  colours: Colours,
  items: ItemScores,
): string {
  const iterations = [...new Set(groups.flat().map((score) => score.iteration))].sort((a, b) => a - b);
  const rows = groups.map((group) => {
    const at = (iteration: number): readonly Score[] => group.filter((score) => score.iteration === iteration);
    const cells = iterations.map((iteration) => {
      const scores = at(iteration);
      return scores.length === 0 ? '-' : formatEstimate(averageEstimates(scores.map(toEstimate)));
    });
    const [first] = group;
    const itemCount = at(first?.iteration ?? 0).reduce((sum, score) => sum + score.items, 0);
    const label = name === 'average' ? first?.domain : first?.benchmark;
    const last = iterations.at(-1) ?? 0;
    const change = last === 0 ? '-' : gainCell(at(0), at(last), colours, items);
    return [label ?? '', first?.metric ?? '', formatCount(itemCount), ...cells, change];
  });
  const columns = iterations.map((iteration) => [iteration === 0 ? 'base' : `it ${iteration}`, 'right'] as const);
  return textTable(
    [[name, 'left'], ['metric', 'left'], ['items', 'right'], ...columns, ['gain', 'right']],
    rows,
    colours,
  );
}

/** The gain over the base; green or red where it is more than two standard errors. */
function gainCell(before: readonly Score[], after: readonly Score[], colours: Colours, items: ItemScores): string {
  if (before.length === 0 || after.length === 0) return '-';
  const difference = averageGain(before, after, items);
  const text = `${difference.score < 0 ? '' : '+'}${formatEstimate(difference)}`;
  if (!(Math.abs(difference.score) > 2 * difference.stderr)) return text;
  return difference.score > 0 ? colours.green(text) : colours.red(text);
}

function toEstimate({ score, stderr }: Score): Estimate {
  return { score, stderr: stderr ?? Number.NaN };
}

/** The items in groups of one key, in the order in which the keys first appear. */
export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

const PLAIN_RULES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
