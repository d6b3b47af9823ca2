import type { Reader } from './connection.js';
import type { IterationSummaryRow } from './views.js';

/** The iterations of a run, the base model first. */
export function iterationSummary(db: Reader, runId: string): readonly IterationSummaryRow[] {
  return db.all('SELECT * FROM iteration_summary WHERE run_id = @runId ORDER BY iteration', { runId });
}
