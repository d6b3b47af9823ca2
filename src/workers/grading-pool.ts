import { Piscina } from 'piscina';
import { fromPlainError, WorkerError } from '../errors.js';
import { AnswerClock, type AnswerPlace } from './answer-clock.js';
import type { GradingAnswer, GradingCall } from './grading-performer.js';
import { GRADING_TASKS, type GradingTaskName, type GradingTasks } from './grading-tasks.js';
import type { OnTask } from './task-times.js';

/** Lends a pool to some work that is not a run's. */
export async function withGrading<T>(work: (grading: GradingPool) => Promise<T>): Promise<T> {
  const grading = new GradingPool(() => {});
  try {
    return await work(grading);
  } finally {
    await grading.close();
  }
}

/** An answer that was given up: it votes for none and earns nothing. */
export interface GivenUp extends AnswerPlace {
  readonly task: GradingTaskName;
}

export interface GradingPoolOptions {
  /** How long the thread may take over one answer, in milliseconds. */
  readonly answerBudgetMs?: number;
  readonly onGivenUp?: (answer: GivenUp) => void;
  /** What the thread runs: a module whose default export does the tasks. */
  readonly worker?: URL;
}

/**
 * The thread that grades and clusters, apart from those that hold the model. Rules:
 * - the grader's own allowance, which is counted and not timed, decides what is too much work; the budget here is the
 *   net below it: no text known to us reaches it, and no answer can stall a vote;
 * - a thread that stays at one answer beyond the budget is terminated and replaced, and the task begins again. The same
 *   answer a second time is given up: the task goes on without it. Once may be a machine that was busy, and what is
 *   graded has to be the same in each run of a seed;
 * - who asked gets one outcome, whatever happened to threads on the way.
 */
export class GradingPool {
  private readonly threads: Piscina<GradingCall, GradingAnswer>;
  private readonly answerBudgetMs: number;
  private readonly onGivenUp: (answer: GivenUp) => void;

  constructor(
    private readonly onTask: OnTask,
    { answerBudgetMs = 100, onGivenUp = () => {}, worker }: GradingPoolOptions = {},
  ) {
    this.answerBudgetMs = answerBudgetMs;
    this.onGivenUp = onGivenUp;
    this.threads = new Piscina({
      filename: (worker ?? new URL('./grading-worker.js', import.meta.url)).href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
  }

  /** @throws WorkerError naming the task that failed. */
  async run<N extends GradingTaskName>(name: N, input: GradingTasks[N]['input']): Promise<GradingTasks[N]['output']> {
    let rest = input;
    const stuckOnce = new Set<string>();
    for (;;) {
      const outcome = await this.attempt(name, rest);
      if ('startedMs' in outcome) return this.output(name, outcome);
      const place = `${outcome.group} ${outcome.answer}`;
      if (stuckOnce.has(place)) {
        rest = GRADING_TASKS[name].without(rest, outcome);
        this.onGivenUp({ task: name, ...outcome });
      } else stuckOnce.add(place);
    }
  }

  async close(): Promise<void> {
    await this.threads.destroy();
  }

  /** What the thread answered, or the place of the answer at which it was stuck and terminated. */
  private async attempt<N extends GradingTaskName>(
    name: N,
    input: GradingTasks[N]['input'],
  ): Promise<GradingAnswer | AnswerPlace> {
    const clock = new AnswerClock();
    const abort = new AbortController();
    let stuck: AnswerPlace | null = null;
    const stop = clock.watch(this.answerBudgetMs, (place) => {
      stuck = place;
      abort.abort(); // Piscina ends the thread and starts another
    });
    try {
      return await this.threads.run({ name, input, clock: clock.memory }, { signal: abort.signal });
    } catch (error) {
      if (stuck === null) throw error;
      return stuck;
    } finally {
      stop();
    }
  }

  private output<N extends GradingTaskName>(name: N, answer: GradingAnswer): GradingTasks[N]['output'] {
    this.onTask({ worker: 'grading', task: name, startedMs: answer.startedMs, endedMs: answer.endedMs });
    if ('ok' in answer) return answer.ok as GradingTasks[N]['output'];
    throw new WorkerError(`grading failed at "${name}"`, {
      cause: fromPlainError(answer.error),
      details: { task: name },
    });
  }
}
