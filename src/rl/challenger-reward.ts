import { type FrontierShape, frontierReward, gatedFrontierReward } from './frontier.js';
import type { ParsedQuestion } from './questions.js';
import type { Vote } from './vote.js';

/** What a question that is none costs the Challenger. */
export const INVALID_REWARD = -1;

/** What a valid question earned before weighting. */
export interface QuestionMerit {
  /** In [0, 1]. */
  readonly frontierReward: number;
  /** Share of the batch in the question's own cluster, in [0, 1]. */
  readonly repetitionPenalty: number;
}

/** What a batch's valid questions earned, in order, from the votes on them and the share of the batch in each one's cluster.
 *  Where the reward is gated, it is nothing for a question whose own answer the majority does not share. */
export function questionMerits(
  parsed: readonly ParsedQuestion[],
  votes: readonly Vote[],
  penalties: readonly number[],
  settings: { readonly gated: boolean; readonly reward: FrontierShape },
): QuestionMerit[] {
  const valid = parsed.filter((question) => question.valid);
  return valid.map(({ ownAnswer }, i) => {
    const vote = votes[i] as Vote;
    const frontier = settings.gated
      ? gatedFrontierReward(vote, settings.reward, ownAnswer)
      : frontierReward(vote.voteShare, settings.reward);
    return { frontierReward: frontier, repetitionPenalty: penalties[i] ?? 0 };
  });
}

/** Reward of one question: frontier reward − weight · repetition penalty, not below 0, so that a repeated question is
 *  never worse than none; −1 for an invalid question (null). */
export function challengerReward(question: QuestionMerit | null, penaltyWeight: number): number {
  if (question === null) return INVALID_REWARD;
  return Math.max(0, question.frontierReward - penaltyWeight * question.repetitionPenalty);
}
