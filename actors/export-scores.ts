import { averageEstimates } from '../src/benchmarks/statistics.js';
import type { CardScore, Measured } from '../src/export/model-card.js';
import type { BenchmarkScoreRow } from '../storage/views.js';

/** Scores of a run's base and of an iteration beside each other: the averages of each domain, then each benchmark. */
export function cardScores(scores: readonly BenchmarkScoreRow[], iteration: number): CardScore[] {
  const averages = groups(scores, ({ metric, domain }) => `${metric}\n${domain}`).map((rows) => ({
    ...pair(rows, iteration),
    benchmark: `${rows[0]?.domain}, average`,
  }));
  const benchmarks = groups(scores, ({ metric, benchmark }) => `${metric}\n${benchmark}`).map((rows) =>
    pair(rows, iteration),
  );
  return [...averages, ...benchmarks].filter(({ base, after }) => base !== null || after !== null);
}

/** One line of the table, from the rows of one benchmark or of all in a domain. */
function pair(rows: readonly BenchmarkScoreRow[], iteration: number): CardScore {
  const at = (wanted: number): readonly BenchmarkScoreRow[] => rows.filter((row) => row.iteration === wanted);
  const [before, after] = [at(0), at(iteration)];
  const items = (before.length > 0 ? before : after).reduce((sum, row) => sum + row.items, 0);
  const [{ benchmark = '', metric = '' } = {}] = rows;
  return { benchmark, metric, items, base: average(before), after: average(after) };
}

function average(rows: readonly BenchmarkScoreRow[]): Measured | null {
  if (rows.length === 0) return null;
  const { score, stderr } = averageEstimates(
    rows.map((row) => ({ score: row.score, stderr: row.stderr ?? Number.NaN })),
  );
  return { score, stderr: Number.isNaN(stderr) ? null : stderr };
}

function groups(
  rows: readonly BenchmarkScoreRow[],
  keyOf: (row: BenchmarkScoreRow) => string,
): (readonly BenchmarkScoreRow[])[] {
  const found = new Map<string, BenchmarkScoreRow[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group === undefined) found.set(keyOf(row), [row]);
    else group.push(row);
  }
  return [...found.values()];
}
