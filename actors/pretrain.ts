import { existsSync, readdirSync } from 'node:fs';
import { Interrupted, UsageError } from '../src/errors.js';
import { saveCheckpoint } from '../src/lm/checkpoint.js';
import { pretrain as train } from '../src/pretraining/pretrain.js';
import { STAGES, TINY } from '../src/pretraining/recipe.js';
import { writeTokenizer } from '../src/pretraining/vocabulary.js';
import { LmPool } from '../src/workers/pool.js';
import type { OnProgress } from './progress.js';

export interface Pretrained {
  readonly folder: string;
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
  readonly seconds: number;
}

/** Makes the embedded base model from its recipe, as a checkpoint in a new folder.
 *  @throws UsageError when the folder is not empty: nothing is overwritten. */
export async function pretrain(settings: {
  readonly folder: string;
  readonly seed: number;
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}): Promise<Pretrained> {
  const { folder, seed, workers, threadsPerWorker, signal } = settings;
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UsageError(`${folder} is not empty; name a new folder, and nothing is overwritten`);
  }
  const pool = new LmPool(TINY, 'cpu', workers, threadsPerWorker, () => {});
  const cancel = (): void => pool.cancel();
  signal.addEventListener('abort', cancel);
  const start = performance.now();
  let last = { tokens: 0, loss: Number.NaN };
  try {
    const weights = await train(pool, TINY, STAGES, seed, ({ step, steps, loss, tokens }) => {
      last = { tokens, loss };
      settings.onProgress({ label: 'pretrain', done: step, total: steps, unit: 'steps' });
    });
    saveCheckpoint(folder, { config: TINY, weights });
    writeTokenizer(folder);
    return { folder, parameters: weights.length, ...last, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    if (signal.aborted) throw new Interrupted('pre-training was stopped; nothing was written', { cause: error });
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    await pool.close();
  }
}
