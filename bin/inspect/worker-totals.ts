import type { TaskEntry } from '../../src/workers/task-times.js';
import type { WorkersTold } from './messages.js';

/** Adds up what each worker did: a run has thousands of tasks, and a page shows one line a worker. */
export class WorkerTotals {
  private readonly workers = new Map<string, { lastTask: string; readonly tasks: Map<string, Total> }>();

  add({ worker, task, startedMs, endedMs }: TaskEntry): void {
    const of = this.workers.get(worker) ?? { lastTask: task, tasks: new Map<string, Total>() };
    const total = of.tasks.get(task) ?? { count: 0, totalMs: 0 };
    of.lastTask = task;
    of.tasks.set(task, { count: total.count + 1, totalMs: total.totalMs + endedMs - startedMs });
    this.workers.set(worker, of);
  }

  /** Workers and their tasks in the order of their names. */
  told(): WorkersTold {
    const workers = [...this.workers].sort(byName).map(([worker, { lastTask, tasks }]) => ({
      worker,
      lastTask,
      tasks: [...tasks].sort(byName).map(([task, { count, totalMs }]) => ({ task, count, totalMs })),
    }));
    return { kind: 'workers', workers };
  }
}

interface Total {
  readonly count: number;
  readonly totalMs: number;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
