import type { Reader } from './connection.js';

/** What one oracle said of an iteration's kept labels. Tokens are of what the run itself asked, not of verdicts that were
 *  there before. */
export interface LabelOracleRow {
  readonly iteration: number;
  /** The judge's model; null for exact evaluation. */
  readonly model: string | null;
  /** Labels that it said are right or wrong. */
  readonly labels: number;
  readonly right: number;
  /** Replies of a judge in which no answer could be read. */
  readonly unread: number;
  /** Verdicts that this run paid for. */
  readonly asked: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** The oracles of a run by iteration, exact evaluation first. */
export function labelOracles(db: Reader, runId: string): readonly LabelOracleRow[] {
  return db.all(
    `WITH checked AS (
       SELECT q.iteration, d.model, count(v.label_correct) AS labels, coalesce(sum(v.label_correct), 0) AS right,
         count(v.verdict_id) - count(v.label_correct) FILTER (WHERE v.verdict_id IS NOT NULL) AS unread
       FROM questions q JOIN votes v ON v.question_id = q.id LEFT JOIN verdicts d ON d.id = v.verdict_id
       WHERE q.run_id = @runId AND q.phase = 'curriculum' AND v.kept = 1
         AND (v.label_correct IS NOT NULL OR v.verdict_id IS NOT NULL)
       GROUP BY q.iteration, d.model
     ), paid AS (
       SELECT iteration, model, count(*) AS asked, coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
         coalesce(sum(completion_tokens), 0) AS completion_tokens
       FROM verdicts WHERE run_id = @runId GROUP BY iteration, model
     ), both AS (
       SELECT iteration, model FROM checked UNION SELECT iteration, model FROM paid
     )
     SELECT b.iteration, b.model, coalesce(c.labels, 0) AS labels, coalesce(c.right, 0) AS right,
       coalesce(c.unread, 0) AS unread, coalesce(p.asked, 0) AS asked,
       coalesce(p.prompt_tokens, 0) AS prompt_tokens, coalesce(p.completion_tokens, 0) AS completion_tokens
     FROM both b
     LEFT JOIN checked c ON c.iteration = b.iteration AND c.model IS b.model
     LEFT JOIN paid p ON p.iteration = b.iteration AND p.model IS b.model
     ORDER BY b.iteration, b.model`,
    { runId },
  );
}
