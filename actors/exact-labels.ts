import { equivalent } from '../src/grading/equivalence.js';
import { oracleAnswer } from '../src/grading/oracle.js';
import type { Writer } from '../storage/connection.js';
import { recordLabelCheck } from '../storage/labels.js';
import type { CheckLabel } from './run-context.js';

/** Records whether a pseudo-label is right, where the question can be computed. */
export const checkExactly: CheckLabel = (db: Writer, questionId, question, pseudoLabel) => {
  const exact = oracleAnswer(question);
  if (exact === null) return;
  const labelCorrect = pseudoLabel === null ? null : equivalent(exact, pseudoLabel);
  recordLabelCheck(db, questionId, { oracleAnswer: exact, labelCorrect, verdictId: null });
};
