import { InternalError } from '../src/errors.js';
import type { Reader, Writer } from './connection.js';

/** What an oracle says of a pseudo-label: kept beside the vote to be measured, and read by nothing that trains. */
export interface LabelCheck {
  /** Null where a judge's reply had none that could be read. */
  readonly oracleAnswer: string | null;
  /** Whether the pseudo-label agrees with it; null where either is missing. */
  readonly labelCorrect: boolean | null;
  /** The judge's verdict; null for an answer that was computed. */
  readonly verdictId: number | null;
}

/** A kept question that could not be computed, or that a judge was asked about before. */
export interface LabelToJudge {
  readonly questionId: number;
  readonly question: string;
  readonly pseudoLabel: string;
  readonly judged: 0 | 1;
}

/** Records what an oracle says of the label of a question that was voted on. */
export function recordLabelCheck(db: Writer, questionId: number, check: LabelCheck): void {
  const changed = db.run(
    `UPDATE votes SET oracle_answer = @oracleAnswer, label_correct = @labelCorrect, verdict_id = @verdictId
     WHERE question_id = @questionId`,
    { ...check, questionId },
  );
  if (changed !== 1) throw new InternalError(`question ${questionId} has no vote whose label an oracle could check`);
}

/** The iteration's kept questions that are a judge's, in the order they were written. */
export function labelsToJudge(db: Reader, runId: string, iteration: number): readonly LabelToJudge[] {
  return db.all(
    `SELECT q.id AS questionId, q.question, v.pseudo_label AS pseudoLabel, v.verdict_id IS NOT NULL AS judged
     FROM questions q JOIN votes v ON v.question_id = q.id
     WHERE q.run_id = @runId AND q.iteration = @iteration AND q.phase = 'curriculum' AND v.kept = 1
       AND (v.oracle_answer IS NULL OR v.verdict_id IS NOT NULL)
     ORDER BY q.batch, q.position`,
    { runId, iteration },
  );
}
