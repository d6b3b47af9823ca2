import type { Fact } from '../machines/messages.js';
import type { TaskEntry } from '../src/workers/task-times.js';
import type { RunState } from './run-state.js';

/** One task of a worker, with the iteration under way; 0 while the base is evaluated. */
export interface RunTask extends TaskEntry {
  readonly iteration: number;
}

/** Whoever follows a run. It is told ids, names and counts; texts and measures are in the database. It must not throw. */
export interface RunFollower {
  /** The run has its rows, and nothing of it is done in this sitting. */
  readonly onBegin: (runId: string) => void;
  readonly onState: (state: RunState) => void;
  /** A fact that is committed: what it tells of can be read. */
  readonly onFact: (fact: Fact) => void;
  /** A task that is done; it is committed with whatever comes next. */
  readonly onTask: (task: RunTask) => void;
}

/** Follows nothing. */
export const NOBODY: RunFollower = { onBegin: () => {}, onState: () => {}, onFact: () => {}, onTask: () => {} };
