import type { Reader } from './connection.js';
import type { CurriculumRow } from './views.js';

/** Which of a run's questions to read; null takes all. */
export interface CurriculumFilter {
  readonly runId: string;
  readonly iteration: number | null;
  readonly kept: boolean | null;
  /** Only questions after this id: the last one of the page before, or 0. */
  readonly afterId: number;
  readonly limit: number;
}

/** One page of the questions written for the Solver, by id. */
export function curriculumPage(db: Reader, filter: CurriculumFilter): readonly CurriculumRow[] {
  return db.all(
    `SELECT * FROM curriculum
     WHERE run_id = @runId AND (@iteration IS NULL OR iteration = @iteration) AND (@kept IS NULL OR kept = @kept)
       AND question_id > @afterId
     ORDER BY question_id LIMIT @limit`,
    filter,
  );
}
