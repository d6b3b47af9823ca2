import type { ScoreRow } from '../../actors/benchmarks.js';
import { paperAverages } from '../../src/benchmarks/paper.js';
import type { Estimate } from '../../src/benchmarks/statistics.js';
import type { Colours } from './colour.js';
import { averages, formatEstimate, textTable } from './tables.js';

/** Scores of one model: those of each benchmark, then the averages of each domain, and those of the paper. */
export function evalTable(scores: readonly ScoreRow[], colours: Colours): string {
  const means = averages(scores.map((score) => ({ ...score, iteration: 0 })));
  const row = (name: string, file: string, metric: string, items: string, estimate: Estimate): string[] => [
    name,
    file,
    metric,
    items,
    formatEstimate(estimate),
  ];
  return textTable(
    [
      ['benchmark', 'left'],
      ['file', 'left'],
      ['metric', 'left'],
      ['items', 'right'],
      ['score', 'right'],
    ],
    [
      ...scores.map((score) =>
        row(score.benchmark, score.file ?? 'generated', score.metric, String(score.items), score),
      ),
      ...means.map(({ domain, metric, items, score, stderr }) =>
        row(`${domain}, average`, '', metric, String(items), { score, stderr: stderr ?? Number.NaN }),
      ),
      ...paperAverages(scores).map((average) =>
        row(`${average.group}, as the paper`, `${average.benchmarks} of ${average.of}`, 'own', '', average),
      ),
    ],
    colours,
  );
}
