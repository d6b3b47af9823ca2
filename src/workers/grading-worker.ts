import { type PlainError, toPlainError } from '../errors.js';
import { repetitionPenalties } from '../rl/repetition.js';
import { type SolverAnswer, solverReward } from '../rl/solver-reward.js';
import { countVotes, type Vote } from '../rl/vote.js';
import { nowMs, type TaskTimes } from './task-times.js';

/** The thread that grades and clusters: JavaScript only, so it may be terminated. */
export interface GradingTasks {
  /** Rewards of each group of answers against its pseudo-label. */
  readonly reward: {
    readonly input: {
      readonly groups: readonly { readonly answers: readonly SolverAnswer[]; readonly pseudoLabel: string }[];
      readonly formatWeight: number;
    };
    readonly output: number[][];
  };
  readonly vote: { readonly input: readonly (readonly (string | null)[])[]; readonly output: Vote[] };
  readonly cluster: {
    readonly input: { readonly questions: readonly string[]; readonly threshold: number };
    readonly output: number[];
  };
}
export type GradingTaskName = keyof GradingTasks;

const TASKS: { readonly [N in GradingTaskName]: (input: GradingTasks[N]['input']) => GradingTasks[N]['output'] } = {
  reward: ({ groups, formatWeight }) =>
    groups.map(({ answers, pseudoLabel }) => answers.map((answer) => solverReward(answer, pseudoLabel, formatWeight))),
  vote: (questions) => questions.map((answers) => countVotes(answers)),
  cluster: ({ questions, threshold }) => [...repetitionPenalties(questions, threshold)],
};

interface Call {
  readonly name: GradingTaskName;
  readonly input: GradingTasks[GradingTaskName]['input'];
}
type Outcome = { readonly ok: GradingTasks[GradingTaskName]['output'] } | { readonly error: PlainError };
export type GradingAnswer = Outcome & TaskTimes;

export default function perform(call: Call): GradingAnswer {
  const startedMs = nowMs();
  const outcome = attempt(call);
  return { ...outcome, startedMs, endedMs: nowMs() };
}

function attempt({ name, input }: Call): Outcome {
  try {
    const task = TASKS[name] as (
      input: GradingTasks[GradingTaskName]['input'],
    ) => GradingTasks[GradingTaskName]['output'];
    return { ok: task(input) };
  } catch (error) {
    return { error: toPlainError(error) };
  }
}
