import { InternalError } from '../src/errors.js';
import type { Reader, Writer } from './connection.js';

/** Which judge was asked, and how. */
export interface JudgeKey {
  readonly url: string;
  readonly model: string;
  readonly promptVersion: number;
  readonly maxTokens: number;
}

/** What a judge said to a question, and who paid for it. */
export interface VerdictRecord extends JudgeKey {
  readonly question: string;
  /** Null where its reply had none that could be read. */
  readonly answer: string | null;
  /** The end of its reply. */
  readonly text: string;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly runId: string;
  readonly iteration: number;
  /** UTC, ISO 8601. */
  readonly answeredAt: string;
}

export interface StoredVerdict {
  readonly id: number;
  readonly answer: string | null;
}

/** What this judge said to the question before, in whatever run; undefined where it has to be asked. A reply without an
 *  answer counts only if it had as much room as there is now. */
export function findVerdict(db: Reader, judge: JudgeKey, question: string): StoredVerdict | undefined {
  return db.get(
    `SELECT id, answer FROM verdicts
     WHERE question = @question AND url = @url AND model = @model AND prompt_version = @promptVersion
       AND (answer IS NOT NULL OR max_tokens >= @maxTokens)
     ORDER BY answer IS NULL, max_tokens DESC LIMIT 1`,
    { ...judge, question },
  );
}

/** Records a verdict and returns its id; of the same judge on the same question, it replaces the earlier one. */
export function recordVerdict(db: Writer, verdict: VerdictRecord): number {
  const row = db.get<{ readonly id: number }>(
    `INSERT INTO verdicts (url, model, prompt_version, max_tokens, question, answer, text, prompt_tokens,
       completion_tokens, run_id, iteration, answered_at)
     VALUES (@url, @model, @promptVersion, @maxTokens, @question, @answer, @text, @promptTokens,
       @completionTokens, @runId, @iteration, @answeredAt)
     ON CONFLICT (question, url, model, prompt_version, max_tokens) DO UPDATE SET
       answer = excluded.answer, text = excluded.text, prompt_tokens = excluded.prompt_tokens,
       completion_tokens = excluded.completion_tokens, run_id = excluded.run_id, iteration = excluded.iteration,
       answered_at = excluded.answered_at
     RETURNING id`,
    verdict,
  );
  if (row === undefined) throw new InternalError(`a verdict of ${verdict.model} was not recorded`);
  return row.id;
}
