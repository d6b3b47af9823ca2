import { type PlainError, toPlainError } from '../errors.js';
import { AnswerClock } from './answer-clock.js';
import type { GradingTaskName, GradingTasks, GradingTaskTable, OnPlace } from './grading-tasks.js';
import { nowMs, type TaskTimes } from './task-times.js';

/** A task for the grading thread, with the memory of the clock that it keeps. */
export interface GradingCall {
  readonly name: GradingTaskName;
  readonly input: GradingTasks[GradingTaskName]['input'];
  readonly clock: SharedArrayBuffer;
}
type Output = GradingTasks[GradingTaskName]['output'];
type Outcome = { readonly ok: Output } | { readonly error: PlainError };
export type GradingAnswer = Outcome & TaskTimes;

/** What a thread does with a call, by the work of each task in `tasks`. Errors are returned as plain objects. */
export function performer(tasks: GradingTaskTable): (call: GradingCall) => GradingAnswer {
  return ({ name, input, clock: memory }) => {
    const startedMs = nowMs();
    const clock = new AnswerClock(memory);
    const work = tasks[name].work as (input: GradingCall['input'], onPlace: OnPlace) => Output;
    try {
      return { ok: work(input, (place) => clock.begin(place)), startedMs, endedMs: nowMs() };
    } catch (error) {
      return { error: toPlainError(error), startedMs, endedMs: nowMs() };
    } finally {
      clock.end();
    }
  };
}
