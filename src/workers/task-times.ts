/** When a worker was at a task, in milliseconds since the Unix epoch. Threads of a process share the clock, so their times
 *  can be laid side by side; waiting for the worker and the copies between threads are not part of it. */
export interface TaskTimes {
  readonly startedMs: number;
  readonly endedMs: number;
}

/** One task that a worker did, well or not. */
export interface TaskEntry extends TaskTimes {
  /** `model 0`, `model 1`, …, `grading`. */
  readonly worker: string;
  readonly task: string;
}

/** Hears of each task when its answer is back, before who asked for it does. */
export type OnTask = (entry: TaskEntry) => void;

/** Milliseconds since the Unix epoch with their fractions; within a process it never goes back. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
