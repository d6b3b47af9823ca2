import type { CurriculumRow } from '../../storage/views.js';
import { type MadeRun, withDatabase } from './runs.js';

/** The questions of an iteration as they were written and voted on. */
export const curriculumOf = (run: MadeRun, iteration: number): readonly CurriculumRow[] =>
  withDatabase(run, (db) =>
    db.all<CurriculumRow>(
      'SELECT * FROM curriculum WHERE run_id = @runId AND iteration = @iteration ORDER BY question_id',
      { runId: run.runId, iteration },
    ),
  );

/** Share of the pseudo-labels that an oracle calls right, in points; NaN where it can read none of the questions. */
export function labelAccuracy(rows: readonly CurriculumRow[]): number {
  const known = rows.filter(({ label_correct: right }) => right !== null);
  return (100 * known.filter(({ label_correct: right }) => right === 1).length) / known.length;
}

export const kept = (rows: readonly CurriculumRow[]): readonly CurriculumRow[] => rows.filter((row) => row.kept === 1);
export const valid = (rows: readonly CurriculumRow[]): readonly CurriculumRow[] =>
  rows.filter(({ drop_reason: reason }) => reason !== 'invalid');

/** Questions whose vote share lies in a band, its ends included. */
export const within = (
  rows: readonly CurriculumRow[],
  [low, high]: readonly [low: number, high: number],
): readonly CurriculumRow[] => rows.filter(({ vote_share: share }) => share !== null && share >= low && share <= high);

/** Mean vote share of valid questions, in points. */
export const meanVoteShare = (rows: readonly CurriculumRow[]): number => {
  const shares = rows.flatMap(({ vote_share: share }) => (share === null ? [] : [share]));
  return (100 * shares.reduce((sum, share) => sum + share, 0)) / shares.length;
};
