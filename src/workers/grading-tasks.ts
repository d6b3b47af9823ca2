import { type AnswerRule, type GradedAnswer, gradeAnswer, UNREAD } from '../grading/answer-rules.js';
import { equivalent } from '../grading/equivalence.js';
import { repetitionPenalties } from '../rl/repetition.js';
import { type SolverAnswer, solverReward } from '../rl/solver-reward.js';
import { countVotes, type Vote } from '../rl/vote.js';
import type { AnswerPlace } from './answer-clock.js';

/** What the thread that grades and clusters does: JavaScript only, so it may be terminated. */
export interface GradingTasks {
  /** Rewards of each group of answers against its pseudo-label; an answer that was given up earns nothing. */
  readonly reward: {
    readonly input: {
      readonly groups: readonly { readonly answers: readonly (SolverAnswer | null)[]; readonly pseudoLabel: string }[];
      readonly formatWeight: number;
    };
    readonly output: number[][];
  };
  readonly vote: { readonly input: readonly (readonly (string | null)[])[]; readonly output: Vote[] };
  /** Whether the answer of each pair is equivalent to its gold; one that was given up is not. */
  readonly grade: { readonly input: readonly (GradedPair | null)[]; readonly output: boolean[] };
  /** What is read from each answer to a benchmark's question, and whether it is right; one that was given up is not. */
  readonly gradeAnswers: { readonly input: readonly (GivenAnswer | null)[]; readonly output: GradedAnswer[] };
  readonly cluster: {
    readonly input: { readonly questions: readonly string[]; readonly threshold: number };
    readonly output: number[];
  };
}
export interface GradedPair {
  readonly gold: string;
  readonly answer: string;
}
/** What a model said to a question, with the reference answer and how the two are compared. */
export interface GivenAnswer {
  readonly rule: AnswerRule;
  readonly gold: string;
  readonly text: string;
}
export type GradingTaskName = keyof GradingTasks;

/** Says which answer the work is at, before it begins with it. */
export type OnPlace = (place: AnswerPlace) => void;

interface GradingTask<I, O> {
  readonly work: (input: I, onPlace: OnPlace) => O;
  /** The input without an answer, and without those that are spelled like it: they would take as long. */
  readonly without: (input: I, place: AnswerPlace) => I;
}

export type GradingTaskTable = {
  readonly [N in GradingTaskName]: GradingTask<GradingTasks[N]['input'], GradingTasks[N]['output']>;
};

export const GRADING_TASKS: GradingTaskTable = {
  reward: {
    work: ({ groups, formatWeight }, onPlace) =>
      groups.map(({ answers, pseudoLabel }, group) =>
        answers.map((each, answer) => {
          if (each === null) return 0;
          onPlace({ group, answer });
          return solverReward(each, pseudoLabel, formatWeight);
        }),
      ),
    without: (input, place) => ({
      ...input,
      groups: input.groups.map((group, index) =>
        index === place.group
          ? { ...group, answers: withoutText(group.answers, place.answer, (answer) => answer.text) }
          : group,
      ),
    }),
  },
  vote: {
    work: (questions, onPlace) =>
      questions.map((answers, group) => countVotes(answers, (answer) => onPlace({ group, answer }))),
    without: (questions, place) =>
      questions.map((answers, index) =>
        index === place.group ? withoutText(answers, place.answer, (answer) => answer) : answers,
      ),
  },
  grade: {
    work: (pairs, onPlace) =>
      pairs.map((pair, answer) => {
        if (pair === null) return false;
        onPlace({ group: 0, answer });
        return equivalent(pair.gold, pair.answer);
      }),
    without: (pairs, place) => withoutPlace(pairs, place),
  },
  gradeAnswers: {
    work: (answers, onPlace) =>
      answers.map((given, answer) => {
        if (given === null) return UNREAD;
        onPlace({ group: 0, answer });
        return gradeAnswer(given.rule, given.gold, given.text);
      }),
    without: (answers, place) => withoutPlace(answers, place),
  },
  cluster: {
    work: ({ questions, threshold }) => [...repetitionPenalties(questions, threshold)],
    without: (input) => input,
  },
};

function withoutPlace<T>(answers: readonly (T | null)[], place: AnswerPlace): readonly (T | null)[] {
  return answers.map((answer, index) => (index === place.answer ? null : answer));
}

function withoutText<T>(
  answers: readonly (T | null)[],
  index: number,
  textOf: (answer: T) => string,
): readonly (T | null)[] {
  const stuck = answers[index] ?? null;
  if (stuck === null) return answers;
  return answers.map((answer) => (answer !== null && textOf(answer) === textOf(stuck) ? null : answer));
}
