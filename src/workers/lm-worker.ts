import { workerData } from 'node:worker_threads';
import { Interrupted, type PlainError, toPlainError } from '../errors.js';
import { Engine } from './engine.js';
import { nowMs, type TaskTimes } from './task-times.js';
import type { TaskName, Tasks, WorkerStart } from './tasks.js';

/** The thread that holds a model. Errors lose their class between threads, so they travel as plain data. */

const start = workerData as WorkerStart;
const cancel = new Int32Array(start.cancel);
const stopped = (): void => {
  if (Atomics.load(cancel, 0) !== 0) throw new Interrupted('stopped before the end');
};
const engine = new Engine(start.config, start.provider, stopped, start.threads);

export interface Call<N extends TaskName = TaskName> {
  readonly name: N;
  readonly input: Tasks[N]['input'];
}
type Outcome = { readonly ok: Tasks[TaskName]['output'] } | { readonly error: PlainError };
export type Answer = Outcome & TaskTimes;

export default async function perform(call: Call): Promise<Answer> {
  const startedMs = nowMs();
  const outcome = await attempt(call);
  return { ...outcome, startedMs, endedMs: nowMs() };
}

async function attempt(call: Call): Promise<Outcome> {
  try {
    // The name says which input it is; TypeScript can't follow the two together.
    const task = engine[call.name].bind(engine) as (input: Call['input']) => Promise<Tasks[TaskName]['output']>;
    return { ok: await task(call.input) };
  } catch (error) {
    return { error: toPlainError(error) };
  }
}
