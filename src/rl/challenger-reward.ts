/** What a question that is none costs the Challenger. */
export const INVALID_REWARD = -1;

/** What a valid question earned before weighting. */
export interface QuestionMerit {
  /** From {@link import('./frontier.js')}, in [0, 1]. */
  readonly frontierReward: number;
  /** Share of the batch in the question's own cluster, in [0, 1]. */
  readonly repetitionPenalty: number;
}

/** Reward of one question: frontier reward − weight · repetition penalty, not below 0, so that a repeated question is
 *  never worse than none; −1 for an invalid question (null). */
export function challengerReward(question: QuestionMerit | null, penaltyWeight: number): number {
  if (question === null) return INVALID_REWARD;
  return Math.max(0, question.frontierReward - penaltyWeight * question.repetitionPenalty);
}
