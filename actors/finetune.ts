import { basename, resolve } from 'node:path';
import type { RunConfig } from '../src/config.js';
import { Interrupted, UsageError } from '../src/errors.js';
import { dtypeFields, layoutFiles, ownDtype, readCheckpointFolder } from '../src/export/checkpoint-folder.js';
import { checkpointSource } from '../src/export/checkpoint-source.js';
import { type ExportFile, smallFile } from '../src/export/export-file.js';
import { finetunedCard } from '../src/export/finetuned-card.js';
import { mergedSource } from '../src/export/merged-source.js';
import { SHARD_BYTES, safetensorsFiles } from '../src/export/safetensors-files.js';
import { flatSource } from '../src/export/weight-source.js';
import { checkFolder, writeFolder } from '../src/export/write-export.js';
import { finetune as train } from '../src/finetuning/finetune.js';
import { type LabelledFile, readLabelled } from '../src/finetuning/labelled-file.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { loadArchitecture, openCheckpoint } from '../src/lm/checkpoint.js';
import { PRESETS } from '../src/presets.js';
import { LmPool } from '../src/workers/pool.js';
import { requireFinetuningMemory } from './memory.js';
import { formatOf, modelFolder, type TrainableModel, threadsOfEach, trainableModel, usualPreset } from './model.js';
import type { OnProgress } from './progress.js';
import { type RunPlace, runSolver } from './run-solver.js';

export interface FinetuneRequest {
  readonly data: string;
  readonly heldOut: string | null;
  /** What it begins from. A run's adapters go on learning, where it has some. */
  readonly target: { readonly kind: 'model'; readonly model: string } | ({ readonly kind: 'run' } & RunPlace);
  readonly out: string;
  /** Replaces what rzero wrote there. */
  readonly force: boolean;
  readonly epochs: number;
  /** Null for the usual one of what learns. */
  readonly learningRate: number | null;
  readonly batch: number;
  readonly seed: number;
  /** Longest example, in tokens; null for as many as the model has room for, up to {@link MOST_TOKENS}. */
  readonly maxTokens: number | null;
  readonly limit: number | null;
  readonly skipBad: boolean;
  /** Of a model's adapters, 0 for all weights; null for the usual one of the model. */
  readonly loraRank: number | null;
  readonly executionProvider: ExecutionProvider;
  /** Null for the usual ones of the model. */
  readonly workers: number | null;
  readonly threadsPerWorker: number | null;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface Finetuned {
  readonly out: string;
  /** How many numbers learned. */
  readonly parameters: number;
  readonly examples: number;
  readonly skipped: LabelledFile['skipped'];
  readonly epochs: number;
  readonly learning_rate: number;
  /** Cross-entropy a completion token, in nats, over each epoch. */
  readonly losses: readonly number[];
  /** The same on the held-out examples, before and after each epoch; empty where there are none. */
  readonly held_out_losses: readonly number[];
  readonly seconds: number;
}

/** Where nothing else is said. Adapters want about ten times the rate of all weights (Schulman et al. 2025, "LoRA Without
 *  Regret"); the embedded model, which is small, takes a high one. */
const LEARNING_RATES = { embedded: 5e-4, weights: 2e-5, adapters: 2e-4 } as const;
/** Longest example where nothing is said: more costs memory even if no example is as long. */
const MOST_TOKENS = 2048;

/** Supervised fine-tuning, into a new checkpoint folder in Hugging Face layout.
 *  @throws UsageError for a folder that is there, a run or iteration that is not, and what can't fit into memory;
 *  BenchmarkFileError for a line of the data that can't be used. */
export async function finetune(request: FinetuneRequest): Promise<Finetuned> {
  const out = resolve(request.out);
  checkFolder(out, request.force);
  const origin = openOrigin(request);
  const { model, folder } = origin;
  if (out === folder) throw new UsageError(`--out ${request.out} is the model itself; name another folder`);
  const reading = { tokenizer: model.tokenizer, format: formatOf(model) };
  const { limit, skipBad } = request;
  const settings = { limit, skipBad, maxTokens: origin.maxTokens };
  const data = await readLabelled(request.data, reading, settings);
  const heldOut =
    request.heldOut === null ? null : await readLabelled(request.heldOut, reading, { ...settings, limit: null });
  const { epochs, batch, seed } = request;
  const learningRate = request.learningRate ?? origin.learningRate;
  const start = performance.now();
  const { weights, ...losses } = await withPool(request, origin, (pool) =>
    train(
      pool,
      model.base,
      origin.initial,
      { examples: data.examples, heldOut: heldOut?.examples ?? [] },
      { epochs, learningRate, batch, seed, recompute: model.base !== null },
      ({ step, steps }) => request.onProgress({ label: 'fine-tune', done: step, total: steps, unit: 'steps' }),
    ),
  );
  const card = finetunedCard({
    origin: origin.name,
    trained: model.base === null ? 'all weights' : `LoRA of rank ${model.base.lora.rank}, merged`,
    data: { name: basename(request.data), sha256: data.sha256, examples: data.examples.length },
    settings: [
      ['epochs', epochs],
      ['learning rate', learningRate],
      ['examples in a step', batch],
      ['seed', seed],
    ],
    version: request.version,
  });
  const files = [...checkpointFiles(origin, weights), smallFile('README.md', card)];
  await writeFolder(out, files, { signal: request.signal, onBytes: () => {} });
  return {
    out,
    parameters: weights.length,
    examples: data.examples.length,
    skipped: data.skipped,
    epochs,
    learning_rate: learningRate,
    losses: losses.epochs,
    held_out_losses: losses.heldOut,
    seconds: (performance.now() - start) / 1000,
  };
}

/** What fine-tuning begins from. */
interface Origin extends Pick<RunConfig, 'workers' | 'threadsPerWorker'> {
  readonly name: string;
  /** Of the base model. */
  readonly folder: string;
  readonly model: TrainableModel;
  readonly initial: Float32Array;
  readonly learningRate: number;
  readonly maxTokens: number;
}

function openOrigin(request: FinetuneRequest): Origin {
  const { target, seed } = request;
  if (target.kind === 'run') {
    const { runId, config, model, learned } = runSolver(target);
    return { name: `${runId}@${target.iteration}`, initial: learned, model, ...placed(request, config) };
  }
  const preset = PRESETS[usualPreset(target.model)];
  const rank = request.loraRank ?? preset.lora.rank;
  const { rank: usualRank, alpha } = PRESETS.paper.lora;
  const lora = { ...preset.lora, rank, alpha: (rank * alpha) / usualRank };
  const rest = placed(request, { ...preset, model: target.model, lora });
  const model = trainableModel({ model: target.model, lora, seed });
  const name = target.model === 'tiny' ? 'rzero tiny' : basename(rest.folder);
  return { name, initial: model.initial, model, ...rest };
}

/** Where and how it is trained. @throws UsageError for what does not fit into memory. */
function placed(
  request: FinetuneRequest,
  usual: Pick<RunConfig, 'model' | 'lora' | 'workers' | 'threadsPerWorker'>,
): Omit<Origin, 'name' | 'model' | 'initial'> {
  const { executionProvider, maxTokens: asked } = request;
  const { model, lora } = usual;
  const folder = resolve(modelFolder(model));
  const { maxPositions } = loadArchitecture(folder);
  if (asked !== null && asked > maxPositions)
    throw new UsageError(`--max-tokens ${asked} is more than the ${maxPositions} positions that the model has`);
  const maxTokens = asked ?? Math.min(maxPositions, MOST_TOKENS);
  const workers = request.workers ?? usual.workers;
  requireFinetuningMemory({ model, lora, workers, executionProvider, maxTokens, recompute: lora.rank > 0 });
  const kind = lora.rank > 0 ? 'adapters' : usualPreset(model) === 'tiny' ? 'embedded' : 'weights';
  const learningRate = LEARNING_RATES[kind];
  const threadsPerWorker = request.threadsPerWorker ?? (usual.threadsPerWorker || threadsOfEach(workers));
  return { folder, workers, threadsPerWorker, maxTokens, learningRate };
}

async function withPool<T>(
  { executionProvider, signal }: FinetuneRequest,
  { model, workers, threadsPerWorker }: Origin,
  work: (pool: LmPool) => Promise<T>,
): Promise<T> {
  const pool = new LmPool(model.config, executionProvider, workers, threadsPerWorker, () => {});
  const cancel = (): void => pool.cancel();
  signal.addEventListener('abort', cancel);
  try {
    return await work(pool);
  } catch (error) {
    if (signal.aborted) throw new Interrupted('fine-tuning was stopped; nothing was written', { cause: error });
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    await pool.close();
  }
}

/** The whole weights in the base model's type, and what else is in its folder. */
function checkpointFiles({ folder, model }: Origin, weights: Float32Array): readonly ExportFile[] {
  const { config, base } = model;
  const source =
    base === null
      ? flatSource(config, weights)
      : mergedSource(checkpointSource(openCheckpoint(folder)), base.lora, weights);
  const checkpoint = readCheckpointFolder(folder);
  const dtype = ownDtype(checkpoint);
  return [...layoutFiles(checkpoint, dtypeFields(checkpoint, dtype)), ...safetensorsFiles(source, dtype, SHARD_BYTES)];
}
