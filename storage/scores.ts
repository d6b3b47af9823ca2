import type { Reader, Writer } from './connection.js';
import type { BenchmarkScoreRow } from './views.js';

/** One benchmark's score after an iteration; 0 is the base model. */
export interface ScoreRecord {
  readonly runId: string;
  readonly iteration: number;
  readonly benchmark: string;
  readonly domain: 'math' | 'general';
  /** `greedy` or `mean@k`; also `worked greedy`, `worked mean@k` and `share worked`. */
  readonly metric: string;
  readonly items: number;
  /** Percent, 0 to 100; its standard error in the same points, null where there is none. */
  readonly score: number;
  readonly stderr: number | null;
  /** The benchmark's file, or null for generated items. */
  readonly file: string | null;
}

/** Records a score; again, for the same benchmark, metric and file, it replaces the earlier one. */
export function recordScore(db: Writer, score: ScoreRecord): void {
  db.run(
    `INSERT OR REPLACE INTO scores (run_id, iteration, benchmark, domain, metric, items, score, stderr, file)
     VALUES (@runId, @iteration, @benchmark, @domain, @metric, @items, @score, @stderr, @file)`,
    score,
  );
}

/** The scores of a run: mathematics before general, each benchmark over the iterations. */
export function benchmarkScores(db: Reader, runId: string): readonly BenchmarkScoreRow[] {
  return db.all(
    `SELECT * FROM benchmark_scores WHERE run_id = @runId ORDER BY domain = 'general', benchmark, metric, iteration`,
    { runId },
  );
}
