import { BATCHING_LIMITS, type BatchingLimits, type Generated, type SamplingSettings } from '../lm/batching.js';
import { type StreamKey, stream } from '../random.js';
import type { Rollout, Tokens } from '../rl/rollout.js';
import type { LmPool } from '../workers/pool.js';
import type { PolicyWeights } from '../workers/tasks.js';

/** A model that is used and not changed: it generates and scores in a pool's workers. Work is divided among them by position
 *  alone, so the same seed and worker count give the same results. */
export class OnnxReader {
  constructor(
    private readonly pool: LmPool,
    private readonly weights: PolicyWeights,
    private readonly limits: BatchingLimits = BATCHING_LIMITS,
  ) {}

  /** `samples` rollouts of each prompt, in order. What is drawn depends on `key`, the prompt's index and the sample's. */
  async generate(
    prompts: readonly Tokens[],
    samples: number,
    sampling: SamplingSettings,
    key: StreamKey,
  ): Promise<Rollout[][]> {
    const requests = prompts.flatMap((_, prompt) =>
      Array.from({ length: samples }, (_, sample) => ({ prompt, key: stream(key, prompt, sample) })),
    );
    const parts = await onEachWorker(split(requests, this.pool.workerCount), async (part, worker) => {
      const first = part[0]?.prompt ?? 0;
      const own = prompts.slice(first, (part.at(-1)?.prompt ?? -1) + 1);
      const moved = part.map((request) => ({ ...request, prompt: request.prompt - first }));
      const { weights, limits } = this;
      return this.pool.run(worker, 'generate', { weights, prompts: own, requests: moved, sampling, limits });
    });
    const generated = parts.flat();
    return prompts.map((prompt, p) =>
      Array.from({ length: samples }, (_, s) => {
        const { tokens, logprobs, finished } = generated[p * samples + s] as Generated;
        return { prompt, completion: tokens, logprobs, finished };
      }),
    );
  }

  /** Log-probability of each completion token. */
  async score(rollouts: readonly Pick<Rollout, 'prompt' | 'completion'>[]): Promise<number[][]> {
    const sequences = rollouts.map(({ prompt, completion }) => ({
      tokens: [...prompt, ...completion],
      start: prompt.length,
    }));
    const parts = await onEachWorker(split(sequences, this.pool.workerCount), (part, worker) =>
      this.pool.run(worker, 'score', { weights: this.weights, sequences: part }),
    );
    return parts.flat();
  }
}

/** Runs one task on each worker that has a part, and waits for all even if one fails: none is left running. */
export async function onEachWorker<P, R>(
  parts: readonly (readonly P[])[],
  task: (part: readonly P[], worker: number) => Promise<R>,
): Promise<R[]> {
  const running = parts.flatMap((part, worker) => (part.length > 0 ? [task(part, worker)] : []));
  const settled = await Promise.allSettled(running);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return Promise.all(running);
}

/** Consecutive parts of nearly equal length. */
export function split<T>(items: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, i) =>
    items.slice(Math.floor((i * items.length) / count), Math.floor(((i + 1) * items.length) / count)),
  );
}
