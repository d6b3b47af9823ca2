import { Piscina } from 'piscina';
import { fromPlainError, WorkerError } from '../errors.js';
import type { GradingAnswer, GradingTaskName, GradingTasks } from './grading-worker.js';
import type { OnTask } from './task-times.js';

/** The thread that grades and clusters, apart from those that hold the model. */
export class GradingPool {
  private readonly threads = new Piscina({
    filename: new URL('./grading-worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
  });

  constructor(private readonly onTask: OnTask) {}

  /** @throws WorkerError naming the task that failed. */
  async run<N extends GradingTaskName>(name: N, input: GradingTasks[N]['input']): Promise<GradingTasks[N]['output']> {
    const answer: GradingAnswer = await this.threads.run({ name, input });
    this.onTask({ worker: 'grading', task: name, startedMs: answer.startedMs, endedMs: answer.endedMs });
    if ('ok' in answer) return answer.ok as GradingTasks[N]['output'];
    throw new WorkerError(`grading failed at "${name}"`, {
      cause: fromPlainError(answer.error),
      details: { task: name },
    });
  }

  async close(): Promise<void> {
    await this.threads.destroy();
  }
}
