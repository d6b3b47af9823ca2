import { parseConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import type { DecoderConfig } from '../src/lm/architecture.js';
import { BATCHING_LIMITS, type SamplingSettings, samplingSettings } from '../src/lm/batching.js';
import type { DeviceWeightFormat } from '../src/lm/device-formats.js';
import { initialAdapters, type LoraSettings } from '../src/lm/lora.js';
import { decodeOperations, trainOperations } from '../src/lm/operations.js';
import { initialWeights, parameterLayout } from '../src/lm/parameters.js';
import { SHAPES, type ShapeName } from '../src/lm/shapes.js';
import { isInBlocks } from '../src/lm/weight-places.js';
import { LORA_TARGETS } from '../src/lora-targets.js';
import { OnnxPolicy } from '../src/policies/onnx.js';
import { OnnxReader } from '../src/policies/reader.js';
import { freshState } from '../src/policies/state.js';
import { PRESETS } from '../src/presets.js';
import { Random, stream } from '../src/random.js';
import { evenMicroBatches, paddingShare } from '../src/rl/packing.js';
import type { Rollout, TrainExample } from '../src/rl/rollout.js';
import { MICRO_BATCH_TOKENS } from '../src/workers/engine.js';
import { LmPool } from '../src/workers/pool.js';
import type { OnTask } from '../src/workers/task-times.js';
import type { FrozenWeights, Tasks } from '../src/workers/tasks.js';
import { type Crew, formatOf, isLarge, modelFolder, openModel, smallCrew } from './model.js';
import type { OnProgress } from './progress.js';

/** Speeds in tokens a second, the operations that they stand for, and their share of what a large product reaches. */
export interface Rate {
  readonly tokens_per_second: number;
  readonly gflops: number;
  readonly share_of_peak: number;
}

export interface Speed {
  readonly model: string;
  readonly parameters: number;
  readonly workers: number;
  readonly threads_per_worker: number;
  readonly decode: Rate & {
    readonly sequences: number;
    /** Weights read, in 10⁹ bytes a second, and their share of the memory's bandwidth. */
    readonly weight_gigabytes_per_second: number;
    readonly share_of_bandwidth: number;
    /** Share of the workers' time that is spent outside ONNX Runtime. */
    readonly javascript_share: number;
  };
  /** Of all weights, or of adapters where the weights stay in their files. */
  readonly train: Rate & { readonly adapter_rank: number; readonly padding_share: number };
  readonly limit: { readonly gflops: number; readonly gigabytes_per_second: number };
  /** Highest resident memory of this process. */
  readonly peak_memory_bytes: number;
}

export interface BenchSettings extends Partial<Crew> {
  readonly target:
    | { readonly kind: 'model'; readonly model: string }
    | { readonly kind: 'shape'; readonly shape: ShapeName };
  readonly executionProvider: ExecutionProvider;
  readonly deviceWeights: DeviceWeightFormat;
  /** Sequences that decoding is measured on. */
  readonly sequences?: number;
  readonly onProgress: OnProgress;
}

const REPEATS = 5;
/** Samples of each prompt, prompt tokens and new tokens of a model without a prompt format. */
const [SAMPLES, PROMPT_TOKENS, NEW_TOKENS] = [8, 24, 64];
/** Sequences of a training step. */
const TRAIN_SEQUENCES = 512;
/** Adapters of a model whose weights stay in their files. */
const ADAPTERS: LoraSettings = { rank: 16, alpha: 32, targets: [...LORA_TARGETS] };

interface Workload {
  readonly name: string;
  readonly config: DecoderConfig;
  readonly weights: Float32Array | FrozenWeights;
  readonly prompts: readonly (readonly number[])[];
  readonly samples: number;
  readonly sampling: SamplingSettings;
  readonly crew: Crew;
}

/** Speed of decoding and training with the loop's own code, beside what a large matrix product and a read of memory reach
 *  on as many threads. The median of several rounds. */
export async function measureSpeed(settings: BenchSettings): Promise<Speed> {
  const { name, config, weights, prompts, samples, sampling, crew } = workloadOf(settings);
  const training = parseConfig(PRESETS.tiny).rl.solver;
  const decoding = { busy: 0, inside: 0 };
  const { executionProvider, deviceWeights } = settings;
  const onTask: OnTask = (task) => {
    if (task.task === 'generate') decoding.busy += (task.endedMs - task.startedMs) / 1000;
  };
  const pool = new LmPool(config, executionProvider, crew.workers, crew.threadsPerWorker, onTask, deviceWeights);
  const onAll = <N extends 'limits' | 'runtimeSeconds'>(name: N): Promise<Tasks[N]['output'][]> =>
    Promise.all(Array.from({ length: crew.workers }, (_, worker) => pool.run(worker, name, {})));
  const inside = async (): Promise<number> => sum(await onAll('runtimeSeconds'));
  const adapted = !(weights instanceof Float32Array);
  const policy = adapted ? adaptedPolicy(pool, config, weights) : new OnnxPolicy(pool, null, freshState(weights));
  const reader = adapted ? new OnnxReader(pool, weights) : policy; // decoding is that of the model as it is
  const rates = { decode: [] as number[], train: [] as number[], gflops: [] as number[], bandwidth: [] as number[] };
  const lengths = { context: 0, train: 0 };
  let padding = 0;
  try {
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      settings.onProgress({ label: 'bench', done: repeat, total: REPEATS + 1, unit: 'rounds' });
      if (repeat === 1) decoding.busy = 0;
      const before = await inside();
      const decoded = await rate(async () => {
        const rollouts = (await reader.generate(prompts, samples, sampling, stream(repeat, 'bench'))).flat();
        return { count: rollouts.reduce((sum, { completion }) => sum + completion.length, 0), rollouts };
      });
      const { rollouts } = decoded.result;
      if (repeat > 0) decoding.inside += (await inside()) - before;
      const trained = await rate(() => trainOnce(policy, rollouts, { ...training, recompute: adapted }));
      const limits = await onAll('limits');
      if (repeat === 0) continue; // the first round makes the sessions
      rates.decode.push(decoded.perSecond);
      rates.train.push(trained.perSecond);
      rates.gflops.push(sum(limits.map(({ gflops }) => gflops)));
      rates.bandwidth.push(sum(limits.map(({ gigabytesPerSecond }) => gigabytesPerSecond)));
      lengths.context = mean(rollouts.map(({ prompt, completion }) => prompt.length + completion.length / 2));
      lengths.train = mean(rollouts.map(({ prompt, completion }) => prompt.length + completion.length));
      padding = paddingOf(rollouts.slice(0, TRAIN_SEQUENCES), crew.workers);
    }
  } finally {
    await pool.close();
  }
  settings.onProgress({ label: 'bench', done: REPEATS + 1, total: REPEATS + 1, unit: 'rounds' });
  const limit = { gflops: median(rates.gflops), gigabytes_per_second: median(rates.bandwidth) };
  const rated = (tokensPerSecond: number, operations: number): Rate => ({
    tokens_per_second: tokensPerSecond,
    gflops: (tokensPerSecond * operations) / 1e9,
    share_of_peak: (tokensPerSecond * operations) / 1e9 / limit.gflops,
  });
  const decode = rated(median(rates.decode), decodeOperations(config, lengths.context));
  const sequences = prompts.length * samples;
  const seats = Math.min(BATCHING_LIMITS.seatCount, Math.ceil(sequences / crew.workers));
  const read = (decode.tokens_per_second / seats) * bytesRead(config, weights);
  return {
    model: name,
    parameters: parameterLayout(config).size,
    workers: crew.workers,
    threads_per_worker: crew.threadsPerWorker,
    decode: {
      ...decode,
      sequences,
      weight_gigabytes_per_second: read / 1e9,
      share_of_bandwidth: read / 1e9 / limit.gigabytes_per_second,
      javascript_share: 1 - decoding.inside / decoding.busy,
    },
    train: {
      ...rated(median(rates.train), trainOperations(config, lengths.train, adapted)),
      adapter_rank: adapted ? ADAPTERS.rank : 0,
      padding_share: padding,
    },
    limit,
    peak_memory_bytes: process.resourceUsage().maxRSS * 1024,
  };
}

function workloadOf(settings: BenchSettings): Workload {
  const { target, sequences } = settings;
  if (target.kind === 'shape') {
    const config = SHAPES[target.shape];
    if (isLarge(config)) {
      throw new UsageError(
        `the shape ${target.shape} is too large for memory; write it to a folder with "npm run random-model -- --shape ${target.shape}" and give that with --model`,
      );
    }
    const crew = { workers: settings.workers ?? 2, threadsPerWorker: settings.threadsPerWorker ?? 1 };
    const weights = initialWeights(config, stream(0, 'bench'));
    return { name: target.shape, config, weights, crew, ...randomPrompts(config, sequences ?? 1024) };
  }
  const { config, weights, tokenizer } = openModel(target.model);
  const small = weights instanceof Float32Array ? { workers: 2, threadsPerWorker: 1 } : smallCrew(weights);
  const crew = {
    workers: settings.workers ?? small.workers,
    threadsPerWorker: settings.threadsPerWorker ?? small.threadsPerWorker,
  };
  const common = { name: modelFolder(target.model), config, weights, crew };
  if (tokenizer === null) return { ...common, ...randomPrompts(config, sequences ?? 8) };
  const format = formatOf({ tokenizer });
  const { maxTokens } = parseConfig(PRESETS.tiny).rl.solver;
  const samples = Math.min(10, sequences ?? 10);
  const questions = Array.from(
    { length: Math.ceil((sequences ?? 1280) / samples) },
    (_, i) => `What is ${operand(7 * i, i)} plus ${operand(999 + 5 * i, i >> 2)}?`, // one to four digits, as the loop has
  );
  const prompts = questions.map((question) =>
    tokenizer.encode(format.solverPrompt(question, 'math') + (format.workedPrefix ?? '')),
  );
  return { ...common, prompts, samples, sampling: samplingSettings({ maxTokens, stops: format.solverStops }) };
}

/** Bytes of weights that a step of decoding reads: float32, or blocks with their scales. */
function bytesRead(config: DecoderConfig, weights: Float32Array | FrozenWeights): number {
  if (weights instanceof Float32Array) return weights.byteLength;
  return parameterLayout(config).parameters.reduce((bytes, { name, size }) => {
    const place = weights.places.get(name);
    const inBlocks = place !== undefined && isInBlocks(place);
    return bytes + (inBlocks ? place.packed.sizeBytes + place.scales.sizeBytes : 4 * size);
  }, 0);
}

/** A number of one to four digits. */
const operand = (seed: number, digits: number): number => 10 ** (digits % 4) + (seed % (9 * 10 ** (digits % 4)));

/** Prompts of random tokens; a few sequences have a prompt each. */
function randomPrompts(config: DecoderConfig, sequences: number): Pick<Workload, 'prompts' | 'samples' | 'sampling'> {
  const random = new Random(stream(0, 'prompts'));
  const samples = sequences % SAMPLES === 0 && sequences >= 8 * SAMPLES ? SAMPLES : 1;
  const prompts = Array.from({ length: sequences / samples }, () =>
    Array.from({ length: PROMPT_TOKENS }, () => random.integer(0, config.vocabularySize)),
  );
  return { prompts, samples, sampling: samplingSettings({ maxTokens: NEW_TOKENS, stops: [] }) };
}

/** A policy whose adapters learn over weights that stay in their files. */
function adaptedPolicy(pool: LmPool, config: DecoderConfig, base: FrozenWeights): OnnxPolicy {
  const initial = initialAdapters(config, ADAPTERS, stream(0, 'bench'));
  return new OnnxPolicy(pool, { base, lora: ADAPTERS }, freshState(initial));
}

async function trainOnce(
  policy: OnnxPolicy,
  rollouts: readonly Rollout[],
  training: Parameters<OnnxPolicy['update']>[1],
): Promise<{ readonly count: number }> {
  const examples: TrainExample[] = rollouts
    .slice(0, TRAIN_SEQUENCES)
    .map((rollout, i) => ({ rollout, advantage: i % 2 === 0 ? 1 : -1 }));
  await policy.update(examples, { ...training, kl: 0, lr: 1e-9, maskTruncated: false }, policy);
  return { count: examples.reduce((sum, { rollout }) => sum + rollout.prompt.length + rollout.completion.length, 0) };
}

async function rate<T extends { readonly count: number }>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly perSecond: number }> {
  const start = performance.now();
  const result = await work();
  return { result, perSecond: (1000 * result.count) / (performance.now() - start) };
}

/** Share of a training step's positions that are padding, as the trainer batches it. */
function paddingOf(rollouts: readonly Rollout[], workers: number): number {
  const lengths = rollouts.map(({ prompt, completion }) => prompt.length + completion.length);
  return paddingShare(lengths, evenMicroBatches(lengths, MICRO_BATCH_TOKENS, workers));
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
