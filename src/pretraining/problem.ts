import type { Random } from '../random.js';

/** How a question is answered: the steps, and the answer that follows from them. */
export interface Solution {
  readonly working: string;
  readonly answer: string;
}

/** A question with its right solution, and where the task has one, a way to get it wrong. */
export interface Problem {
  readonly question: string;
  readonly solution: Solution;
  /** The solution with one slip at a random place: all that follows is right, so the answer is wrong. Null for tasks
   *  that the corpus never slips in. */
  readonly slipped: ((random: Random) => Solution) | null;
}
