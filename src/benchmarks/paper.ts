import type { Domain } from '../rl/questions.js';
import { type FileBenchmarkName, fileBenchmark } from './catalog.js';
import { averageEstimates, type Estimate } from './statistics.js';

/** The benchmarks of Huang et al. 2025 (tables 1 and 2): mathematics as one average, the general ones beside it. */
export const PAPER_BENCHMARKS = {
  math: ['amc23', 'minerva', 'math500', 'gsm8k', 'olympiadbench', 'aime25', 'aime24'],
  general: ['supergpqa', 'mmlu-pro', 'bbeh'],
} as const satisfies Record<Domain, readonly FileBenchmarkName[]>;

/** An average over the paper's benchmarks, as far as they were measured. */
export interface PaperAverage extends Estimate {
  readonly group: Domain | 'overall';
  /** How many benchmarks it is of, and how many the paper's is of. */
  readonly benchmarks: number;
  readonly of: number;
}

/**
 * The averages as the paper reports them, each benchmark by its own metric: of mathematics; of the general benchmarks; and
 * the overall one, in which all of mathematics counts as one benchmark beside the three general ones. (The paper's gain of
 * 7.54 in "general" reasoning is of the overall average: 27.10 to 34.64.) None where fewer than two were measured.
 */
export function paperAverages(
  scores: readonly (Estimate & { readonly benchmark: string; readonly metric: string })[],
): PaperAverage[] {
  const measured = (name: FileBenchmarkName): Estimate[] => {
    const [own] = fileBenchmark(name).metrics;
    const files = scores.filter(({ benchmark, metric }) => benchmark === name && metric === own);
    return files.length === 0 ? [] : [averageEstimates(files)]; // a benchmark of several files is one
  };
  const [math, general] = [PAPER_BENCHMARKS.math.flatMap(measured), PAPER_BENCHMARKS.general.flatMap(measured)];
  const average = (group: PaperAverage['group'], estimates: readonly Estimate[], of: number): PaperAverage[] =>
    estimates.length < 2 ? [] : [{ group, benchmarks: estimates.length, of, ...averageEstimates(estimates) }];
  const whole = math.length === 0 || general.length === 0 ? [] : [averageEstimates(math), ...general];
  return [
    ...average('math', math, PAPER_BENCHMARKS.math.length),
    ...average('general', general, PAPER_BENCHMARKS.general.length),
    ...average('overall', whole, 1 + PAPER_BENCHMARKS.general.length),
  ];
}
