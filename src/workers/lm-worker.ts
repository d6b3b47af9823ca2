import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
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
const engine = new Engine(start.config, start.provider, stopped, start.threads, start.deviceWeights);

export interface Call<N extends TaskName = TaskName> {
  readonly name: N;
  readonly input: Tasks[N]['input'];
}
type Outcome = { readonly ok: Tasks[TaskName]['output'] } | { readonly error: PlainError };
export type Answer = Outcome & TaskTimes;

export default async function perform(call: Call): Promise<Answer> {
  const startedMs = nowMs();
  const outcome = await attempt(call);
  return moved({ ...outcome, startedMs, endedMs: nowMs() });
}

/** The answer with its arrays moved to the main thread, not copied: nothing here looks at them again. */
function moved(answer: Answer): Answer {
  if (!('ok' in answer) || typeof answer.ok !== 'object') return answer;
  const arrays = Object.values(answer.ok).filter((value) => value instanceof Float32Array);
  if (arrays.length === 0) return answer;
  const transfer = { [transferableSymbol]: arrays.map(({ buffer }) => buffer), [valueSymbol]: answer };
  return move(transfer) as unknown as Answer; // what Piscina unwraps on its way
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
