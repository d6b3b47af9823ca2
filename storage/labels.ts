import { InternalError } from '../src/errors.js';
import type { Writer } from './connection.js';

/** What an oracle says of a pseudo-label: kept beside the vote to be measured, and read by nothing that trains. */
export interface LabelCheck {
  readonly oracleAnswer: string;
  /** Whether the pseudo-label agrees with it; null where the vote gave none. */
  readonly labelCorrect: boolean | null;
}

/** Records what an oracle says of the label of a question that was voted on. */
export function recordLabelCheck(db: Writer, questionId: number, check: LabelCheck): void {
  const changed = db.run(
    'UPDATE votes SET oracle_answer = @oracleAnswer, label_correct = @labelCorrect WHERE question_id = @questionId',
    { ...check, questionId },
  );
  if (changed !== 1) throw new InternalError(`question ${questionId} has no vote whose label an oracle could check`);
}
