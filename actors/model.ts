import { fileURLToPath } from 'node:url';
import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { type Checkpoint, loadCheckpoint } from '../src/lm/checkpoint.js';
import { type PromptFormat, promptFormatFor } from '../src/lm/prompts.js';
import { loadTokenizer, type Tokenizer } from '../src/lm/tokenizer.js';
import { OnnxPolicy } from '../src/policies/onnx.js';
import { freshState } from '../src/policies/state.js';
import { LmPool } from '../src/workers/pool.js';

/** A base model with all that belongs to it. */
export interface Model extends Checkpoint {
  readonly tokenizer: Tokenizer;
}

/** The folder that a model's name stands for: "tiny" is the embedded one. From dist/actors the package is two up. */
export function modelFolder(model: string): string {
  return model === 'tiny' ? fileURLToPath(new URL('../../models/tiny', import.meta.url)) : model;
}

/** A base model from its folder. @throws CheckpointError naming what is missing or does not fit. */
export function loadModel(model: string): Model {
  const folder = modelFolder(model);
  const checkpoint = loadCheckpoint(folder);
  const tokenizer = loadTokenizer(folder);
  if (tokenizer.vocabularySize > checkpoint.config.vocabularySize) {
    throw new UsageError(
      `the tokenizer in ${folder} has ${tokenizer.vocabularySize} tokens and the model ${checkpoint.config.vocabularySize}; they are not of one checkpoint`,
    );
  }
  return { ...checkpoint, tokenizer };
}

/** The prompt format that the roles need. @throws CheckpointError where the model has none. */
export const formatOf = (model: Model): PromptFormat => promptFormatFor(model.tokenizer);

/** Does `work` with a policy in worker threads of its own, which are waited for and ended after it. An aborted
 *  signal makes the workers give up at their next safe point. */
export async function withPolicy<T>(
  model: Model,
  settings: {
    readonly executionProvider: ExecutionProvider;
    readonly workers: number;
    readonly threadsPerWorker: number;
    readonly signal?: AbortSignal;
  },
  work: (policy: OnnxPolicy, pool: LmPool) => Promise<T>,
): Promise<T> {
  const { executionProvider, workers, threadsPerWorker } = settings;
  const pool = new LmPool(model.config, executionProvider, workers, threadsPerWorker, () => {});
  const cancel = (): void => pool.cancel();
  settings.signal?.addEventListener('abort', cancel);
  try {
    return await work(new OnnxPolicy(pool, freshState(model.weights)), pool);
  } finally {
    settings.signal?.removeEventListener('abort', cancel);
    await pool.close();
  }
}
