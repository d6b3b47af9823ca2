import { groupAnswers, type OnAnswer } from '../grading/groups.js';

/** Answers that say the same, under the most common spelling; of equally common ones the one seen first. */
export interface AnswerGroup {
  readonly answer: string;
  readonly count: number;
}

/** The vote of the Solver's m answers to one question. */
export interface Vote {
  /** m: all answers, those that can't be read included. */
  readonly answerCount: number;
  /** Share of all m answers that agree with the most common one, in [0, 1]; 0 when none can be read. */
  readonly voteShare: number;
  /** The most common answer; of equally common ones the one seen first. Null when none can be read. */
  readonly pseudoLabel: string | null;
  /** In the order they were first seen. */
  readonly groups: readonly AnswerGroup[];
  /** The group of each answer, null for one that can't be read. */
  readonly groupIndexes: readonly (number | null)[];
}

/** Groups answers by what they say and counts them. A null or blank answer is a vote for none, and still
 *  counts in m (the reference implementation leaves it out when labelling, which inflates the share). `onAnswer` hears
 *  of each answer before it is read or compared. */
export function countVotes(answers: readonly (string | null)[], onAnswer?: OnAnswer): Vote {
  const groupIndexes = groupAnswers(answers, onAnswer);
  const groupCount = groupIndexes.reduce<number>((count, index) => Math.max(count, (index ?? -1) + 1), 0);
  const groups = Array.from({ length: groupCount }, (_, group) =>
    asGroup(answers.filter((answer, index): answer is string => answer !== null && groupIndexes[index] === group)),
  );
  const winner = groups.reduce<AnswerGroup | null>(
    (best, group) => (best === null || group.count > best.count ? group : best),
    null,
  );
  return {
    answerCount: answers.length,
    voteShare: winner === null ? 0 : winner.count / answers.length,
    pseudoLabel: winner?.answer ?? null,
    groups,
    groupIndexes,
  };
}

function asGroup(members: readonly string[]): AnswerGroup {
  const counts = new Map<string, number>();
  for (const text of members) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [answer] = [...counts].reduce((best, each) => (each[1] > best[1] ? each : best));
  return { answer, count: members.length };
}
