import { equivalent } from '../grading/equivalence.js';
import type { Vote } from './vote.js';

/** `code`: min(p, 1−p), as the reference implementation has it; `paper`: 1 − 2·|p − ½|, twice as much. */
export type FrontierShape = 'code' | 'paper';

/** Frontier reward of a question by its vote share p in [0, 1]: highest where the Solver is unsure (p = ½), zero where
 *  it always or never agrees with itself. At most ½ for `code` and 1 for `paper`. Huang et al. 2025, section 3.2. */
export function frontierReward(voteShare: number, shape: FrontierShape): number {
  switch (shape) {
    case 'code':
      return Math.min(voteShare, 1 - voteShare);
    case 'paper':
      return 1 - 2 * Math.abs(voteShare - 0.5);
  }
}

/** The frontier reward, but zero where the Challenger gave an answer of its own and the majority does not agree: a
 *  free second opinion on the pseudo-label. Without an answer of its own the question is judged by the vote alone. */
export function gatedFrontierReward(
  vote: Pick<Vote, 'voteShare' | 'pseudoLabel'>,
  shape: FrontierShape,
  ownAnswer: string | null,
): number {
  const disputed = ownAnswer !== null && (vote.pseudoLabel === null || !equivalent(vote.pseudoLabel, ownAnswer));
  return disputed ? 0 : frontierReward(vote.voteShare, shape);
}
