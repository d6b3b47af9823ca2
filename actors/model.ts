import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import type { DecoderConfig } from '../src/lm/architecture.js';
import { isQuantizedCheckpoint, loadArchitecture, loadCheckpoint, openCheckpoint } from '../src/lm/checkpoint.js';
import { hasEmbeddedTokens } from '../src/lm/embedded-format.js';
import { initialAdapters, loraLayout } from '../src/lm/lora.js';
import { type ParameterLayout, parameterLayout } from '../src/lm/parameters.js';
import { type PromptFormat, promptFormatFor } from '../src/lm/prompts.js';
import { loadTokenizer, type Tokenizer } from '../src/lm/tokenizer.js';
import { readTokenizerFile } from '../src/lm/tokenizer-files.js';
import { OnnxReader } from '../src/policies/reader.js';
import { type AdapterBase, shareWeights } from '../src/policies/state.js';
import type { PresetName } from '../src/presets.js';
import { stream } from '../src/random.js';
import { frozenPart } from '../src/workers/policy-weights.js';
import { LmPool } from '../src/workers/pool.js';
import type { FrozenWeights, PolicyWeights } from '../src/workers/tasks.js';

/** A model whose policies learn: all of its weights, or adapters over weights that stay in their files. */
export interface TrainableModel {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  /** How what learns lies in its flat array. */
  readonly layout: ParameterLayout;
  /** What learns, before it has. */
  readonly initial: Float32Array;
  /** What adapters are over; null where all weights learn. */
  readonly base: AdapterBase | null;
}

/** A model to be used and not trained: the weights of a large one stay in their file. */
export interface ReadableModel {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: PolicyWeights;
}

/** From this size on weights stay in their file: each worker would hold them twice, and the main thread once. */
const LARGE_BYTES = 512 * 2 ** 20;
export const isLarge = (config: DecoderConfig): boolean => 4 * parameterLayout(config).size >= LARGE_BYTES;

/** The folder that a model's name stands for: "tiny" is the embedded one. From dist/actors the package is two up. */
export function modelFolder(model: string): string {
  return model === 'tiny' ? fileURLToPath(new URL('../../models/tiny', import.meta.url)) : model;
}

/** A base model from its folder, to be trained. Its adapters begin by the seed.
 *  @throws CheckpointError naming what is missing or does not fit; UsageError where weights of 4 bits should learn. */
export function trainableModel({ model, lora, seed }: Pick<RunConfig, 'model' | 'lora' | 'seed'>): TrainableModel {
  const folder = resolve(modelFolder(model));
  if (lora.rank === 0) {
    if (isQuantizedCheckpoint(folder))
      throw new UsageError(
        `${folder} has weights of 4 bits, which stay as they are; train adapters over them (--set lora.rank=16, or --lora-rank 16 to fine-tune)`,
      );
    const { weights, ...rest } = withTokenizer(folder, loadCheckpoint(folder));
    return { ...rest, layout: parameterLayout(rest.config), initial: weights, base: null };
  }
  const { config, tokenizer, folder: home, places } = withTokenizer(folder, openCheckpoint(folder));
  return {
    config,
    tokenizer,
    layout: loraLayout(config, lora),
    initial: initialAdapters(config, lora, stream(seed, 'adapters')),
    base: { base: { folder: home, places }, lora },
  };
}

/** A checkpoint to be measured: its weights, in their file where they are large, and its tokenizer where it has one.
 *  @throws CheckpointError as {@link loadModel}. */
export function openModel(model: string): {
  readonly config: DecoderConfig;
  readonly weights: Float32Array | FrozenWeights;
  readonly tokenizer: Tokenizer | null;
} {
  const folder = resolve(modelFolder(model));
  const tokenizer = existsSync(join(folder, 'tokenizer.json')) ? loadTokenizer(folder) : null;
  return { ...checkpointOf(folder), tokenizer };
}

/** A model from its folder, to be used and not trained. @throws CheckpointError as {@link loadModel}. */
export function readableModel(model: string): ReadableModel {
  const folder = resolve(modelFolder(model));
  const { weights, ...rest } = withTokenizer(folder, checkpointOf(folder));
  return { ...rest, weights: weights instanceof Float32Array ? shareWeights(weights) : weights };
}

/** A checkpoint whose weights stay in their file where they are large, or in 4 bits. */
function checkpointOf(folder: string): {
  readonly config: DecoderConfig;
  readonly weights: Float32Array | FrozenWeights;
} {
  if (!isLarge(loadArchitecture(folder)) && !isQuantizedCheckpoint(folder)) return loadCheckpoint(folder);
  const { config, places, folder: home } = openCheckpoint(folder);
  return { config, weights: { folder: home, places } };
}

/** A trainable model with what was learned, to be used and not trained. */
export const readable = ({ config, tokenizer, base }: TrainableModel, learned: Float32Array): ReadableModel => ({
  config,
  tokenizer,
  weights: base === null ? shareWeights(learned) : { ...base, adapters: shareWeights(learned) },
});

function withTokenizer<C extends { readonly config: DecoderConfig }>(
  folder: string,
  checkpoint: C,
): C & { readonly tokenizer: Tokenizer } {
  const tokenizer = loadTokenizer(folder);
  if (tokenizer.vocabularySize > checkpoint.config.vocabularySize) {
    throw new UsageError(
      `the tokenizer in ${folder} has ${tokenizer.vocabularySize} tokens and the model ${checkpoint.config.vocabularySize}; they are not of one checkpoint`,
    );
  }
  return { ...checkpoint, tokenizer };
}

/** The preset for a model where none is named: questions of a real checkpoint need more room than the embedded model's. */
export function usualPreset(model: string): PresetName {
  const folder = resolve(modelFolder(model));
  if (!existsSync(join(folder, 'tokenizer.json'))) return 'paper';
  const { added_tokens: added } = readTokenizerFile(folder).definition; // the whole tokenizer is made when the run begins
  const specials = new Set(added.flatMap(({ content, special }) => (special ? [content] : [])));
  return hasEmbeddedTokens(specials) ? 'tiny' : 'paper';
}

/** The prompt format that the roles need. @throws CheckpointError where the model has none. */
export const formatOf = ({ tokenizer }: { readonly tokenizer: Tokenizer }): PromptFormat => promptFormatFor(tokenizer);

/** How many workers hold a model, and the threads of each. */
export interface Crew {
  readonly workers: number;
  readonly threadsPerWorker: number;
}

/** The threads of each worker where all cores are to be used. */
export const threadsOfEach = (workers: number): number => Math.max(1, Math.floor(availableParallelism() / workers));

/** The crew for a few sequences at a time: one worker, whose threads share the reading of a large model's weights. */
export const smallCrew = (weights: PolicyWeights): Crew => ({
  workers: 1,
  threadsPerWorker: frozenPart(weights) === null ? 1 : availableParallelism(),
});

/** Does `work` with a model in worker threads of its own, which are waited for and ended after it. An aborted signal makes
 *  the workers give up at their next safe point. */
export async function withReader<T>(
  model: ReadableModel,
  settings: Crew & { readonly executionProvider: ExecutionProvider; readonly signal?: AbortSignal },
  work: (reader: OnnxReader) => Promise<T>,
): Promise<T> {
  const { executionProvider, workers, threadsPerWorker } = settings;
  const pool = new LmPool(model.config, executionProvider, workers, threadsPerWorker, () => {});
  const cancel = (): void => pool.cancel();
  settings.signal?.addEventListener('abort', cancel);
  try {
    return await work(new OnnxReader(pool, model.weights));
  } finally {
    settings.signal?.removeEventListener('abort', cancel);
    await pool.close();
  }
}
