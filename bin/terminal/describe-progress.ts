import type { ProgressUpdate } from '../../actors/progress.js';
import { formatCount, formatDuration, formatRate } from './numbers.js';

/** A task under way: its latest update, and since when. */
export interface TaskProgress {
  readonly update: ProgressUpdate;
  /** Units that were done when it began: those of a task gone on with are no work of now. */
  readonly startedAt: number;
  readonly elapsedMs: number;
}

/** `64/256 questions, 32 questions/s, 6.0 s left`; at the end `256/256 questions in 8.0 s, 32 questions/s`. The rate is the
 *  task's mean since it began. */
export const describeProgress = (task: TaskProgress): string => waysToDescribe(task)[0];

/** The same in ever fewer words. */
export function waysToDescribe({ update, startedAt, elapsedMs }: TaskProgress): readonly [string, ...string[]] {
  const { done, total, unit } = update;
  const share = `${formatCount(done)}/${formatCount(total)}`;
  const counts = `${share} ${unit}`;
  const perSecond = (1000 * (done - startedAt)) / elapsedMs;
  if (elapsedMs <= 0 || perSecond <= 0) return [counts, share];
  const rate = `${formatRate(perSecond)} ${unit}/s`;
  if (done >= total) return [`${counts} in ${formatDuration(elapsedMs / 1000)}, ${rate}`, counts, share];
  const left = `${formatDuration((total - done) / perSecond)} left`;
  return [`${counts}, ${rate}, ${left}`, `${counts}, ${left}`, `${share}, ${left}`, share];
}
