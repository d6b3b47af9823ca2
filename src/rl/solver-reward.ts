import { boxCount, lastBoxed } from '../grading/boxed.js';
import { equivalent } from '../grading/equivalence.js';

/** A completion of the Solver as text. */
export interface SolverAnswer {
  /** Without the stop token. */
  readonly text: string;
  /** False when the token limit cut it. */
  readonly finished: boolean;
}

/** Reward of one answer in [0, 1]: (1 − w) · accuracy + w · format, where accuracy is agreement with the pseudo-label
 *  (never with an oracle) and w is `formatWeight`, in [0, 1]. */
export function solverReward(answer: SolverAnswer, pseudoLabel: string, formatWeight: number): number {
  const boxed = lastBoxed(answer.text);
  const accuracy = boxed !== null && boxed !== '' && equivalent(pseudoLabel, boxed) ? 1 : 0;
  return (1 - formatWeight) * accuracy + formatWeight * (isWellFormed(answer) ? 1 : 0);
}

/** Whether an answer ends, with exactly one box, as its last words. */
export function isWellFormed(answer: SolverAnswer): boolean {
  return answer.finished && boxCount(answer.text) === 1 && /\}[\s$.]*$/.test(answer.text.slice(-16));
}
