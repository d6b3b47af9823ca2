import { equivalent, spellingKey } from '../grading/equivalence.js';

/** Answers that say the same, under the spelling that came first. */
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
 *  counts in m (the reference implementation leaves it out when labelling, which inflates the share). */
export function countVotes(answers: readonly (string | null)[]): Vote {
  const groups: { readonly answer: string; count: number }[] = [];
  const groupOfKey = new Map<string, number>();
  const groupIndexes = answers.map((answer) => {
    const key = answer === null ? null : spellingKey(answer);
    if (answer === null || key === null) return null;
    let index = groupOfKey.get(key);
    if (index === undefined) {
      index = groups.findIndex((group) => equivalent(group.answer, answer));
      if (index < 0) index = groups.push({ answer, count: 0 }) - 1;
      groupOfKey.set(key, index);
    }
    const group = groups[index];
    if (group !== undefined) group.count++;
    return index;
  });
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
