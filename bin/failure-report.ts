import { UsageError } from '../src/errors.js';
import type { Reader } from '../storage/connection.js';
import {
  evaluationScores,
  failuresOf,
  findEvaluation,
  resultsOf,
  type StoredEvaluation,
} from '../storage/evaluation-results.js';
import type { EvaluationAnswerRow, EvaluationScoreRow } from '../storage/views.js';
import type { Colours } from './terminal/colour.js';
import { printable } from './terminal/printable.js';
import { textTable } from './terminal/tables.js';

/** What an evaluation got wrong; `--json` prints it as it is. */
export interface FailureReport {
  readonly evaluation: StoredEvaluation;
  readonly scores: readonly EvaluationScoreRow[];
  /** The first of the wrong answers. */
  readonly failures: readonly EvaluationAnswerRow[];
  /** How many there are. */
  readonly failureCount: number;
}

/** @throws UsageError for an evaluation that is not there, or keeps no answers. */
export function readFailures(db: Reader, name: string | null, limit: number): FailureReport {
  const evaluation = findEvaluation(db, name);
  const kept = resultsOf(db, evaluation.id).filter(({ answers }) => answers > 0);
  if (kept.length === 0)
    throw new UsageError(
      `the evaluation ${evaluation.target} is a run's own, which keeps no answers; \`rzero eval --run ${evaluation.target}\` makes one that does`,
    );
  const right = kept.reduce((sum, { rightCounts }) => sum + rightCounts.reduce((all, count) => all + count, 0), 0);
  return {
    evaluation,
    scores: evaluationScores(db, evaluation.id),
    failures: failuresOf(db, evaluation.id, limit),
    failureCount: kept.reduce((sum, { answers }) => sum + answers, 0) - right,
  };
}

export function formatFailures({ evaluation, failures, failureCount }: FailureReport, colours: Colours): string {
  const columns = ['benchmark', 'metric', 'item', 'reference', 'answer', 'question', 'text'];
  return [
    `${colours.bold(`evaluation ${evaluation.id}`)}: ${evaluation.target}, ${evaluation.evaluatedAt}`,
    textTable(
      columns.map((name) => [name, name === 'item' ? 'right' : 'left'] as const),
      failures.map(({ benchmark, metric, item, gold, extracted, question, text, finished }) => [
        benchmark,
        metric,
        String(item),
        printable(gold, 24),
        extracted === null ? '-' : printable(extracted, 24),
        printable(question, 48),
        `${printable(text, 60)}${finished === 1 ? '' : ' (cut)'}`,
      ]),
      colours,
    ),
    `${failures.length} of ${failureCount} wrong answers; the view evaluation_answers has them all.`,
  ].join('\n\n');
}
