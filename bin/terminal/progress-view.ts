import type { Writable } from 'node:stream';
import type { ProgressUpdate } from '../../actors/progress.js';
import type { RunState } from '../../actors/run-state.js';

/** What shows progress. Tasks are known by their label, and several may be under way at once. The first update of a label
 *  starts its clock; the one with done = total ends it, and the label may then start again. */
export interface Progress {
  update(update: ProgressUpdate): void;
  /** What a run is doing. */
  state(state: RunState): void;
  /** A line that stays, above what is live. */
  say(text: string): void;
  /** Columns that a line of {@link say} should fit into; null where lines may be of any length. */
  columns(): number | null;
  /** Takes away what is live and gives the cursor back. */
  close(): void;
}

/** The stream that progress goes to; one that is no terminal has neither columns nor rows. */
export type ProgressStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};
