import { Piscina } from 'piscina';
import { fromPlainError, RzeroError, WorkerError } from '../errors.js';
import type { ExecutionProvider } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import type { DeviceWeightFormat } from '../lm/device-formats.js';
import type { Answer } from './lm-worker.js';
import type { OnTask } from './task-times.js';
import type { TaskName, Tasks, WorkerStart } from './tasks.js';

/**
 * The threads that hold the model. Rules:
 * - each thread is a Piscina of its own, so that a task can be given to a certain one: which worker does what is part of
 *   what a seed reproduces;
 * - a thread inside ONNX Runtime is never terminated, that would abort the process: `cancel` raises a flag that tasks
 *   read between runs, and `close` waits for them;
 * - on WebGPU there is but one thread, however many are asked for: the sessions of a process share one device, and its
 *   commands from two threads break each other.
 */
export class LmPool {
  private readonly threads: readonly Piscina[];
  private readonly flag = new Int32Array(new SharedArrayBuffer(4));

  constructor(
    config: DecoderConfig,
    provider: ExecutionProvider,
    workerCount: number,
    threadsPerWorker: number,
    private readonly onTask: OnTask,
    deviceWeights: DeviceWeightFormat = 'stored',
  ) {
    const cancel = this.flag.buffer as SharedArrayBuffer;
    const workerData: WorkerStart = { config, provider, threads: threadsPerWorker, deviceWeights, cancel };
    this.threads = Array.from(
      { length: provider === 'webgpu' ? 1 : workerCount },
      () =>
        new Piscina({
          filename: new URL('./lm-worker.js', import.meta.url).href,
          minThreads: 1,
          maxThreads: 1,
          idleTimeout: Number.POSITIVE_INFINITY,
          workerData,
        }),
    );
  }

  get workerCount(): number {
    return this.threads.length;
  }

  /** Does a task on worker `index`. The arrays of `moved`, which are in the input, go to it and are empty here afterwards.
   *  @throws Interrupted after {@link cancel}, and what the task threw, with its class. */
  async run<N extends TaskName>(
    index: number,
    name: N,
    input: Tasks[N]['input'],
    moved: readonly Float32Array[] = [],
  ): Promise<Tasks[N]['output']> {
    const worker = index % this.threads.length;
    const thread = this.threads[worker] as Piscina;
    const transferList = moved.map(({ buffer }) => buffer as ArrayBuffer);
    const answer: Answer = await thread.run({ name, input }, { transferList });
    this.onTask({ worker: `model ${worker}`, task: name, startedMs: answer.startedMs, endedMs: answer.endedMs });
    if ('ok' in answer) return answer.ok as Tasks[N]['output'];
    const error = fromPlainError(answer.error);
    if (error instanceof RzeroError) throw error;
    throw new WorkerError(`the worker's task "${name}" failed`, { cause: error, details: { task: name } });
  }

  /** Asks running tasks to give up at their next chance; new ones do so at once. */
  cancel(): void {
    Atomics.store(this.flag, 0, 1);
  }

  /** Waits for what is running, then ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close({ force: false })));
  }
}
