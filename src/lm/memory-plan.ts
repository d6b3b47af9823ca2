import { WIDENED_AT_A_TIME } from '../graph/webgpu-halves.js';
import type { DecoderConfig } from './architecture.js';
import { BATCHING_LIMITS } from './batching.js';
import { bytesIn, type DeviceFormats } from './device-formats.js';
import { type LoraSettings, loraLayout } from './lora.js';
import { parameterLayout } from './parameters.js';
import { CHUNK_TOKENS, LARGE_VOCABULARY } from './token-scores.js';
import { goesIntoBlocks } from './weight-places.js';

/**
 * What training will need of memory, part by part, before anything is loaded. Sizes of weights and caches are exact; those of
 * activations are counted from the decoder's graph and come out 5 to 20 % above what was measured (`npm run bench:memory`).
 */
export interface MemoryPart {
  readonly name: string;
  readonly bytes: number;
  readonly where: 'memory' | 'device';
}

/** What the plan depends on. */
export interface MemoryDemand {
  readonly config: DecoderConfig;
  /** Bytes of the weights in their files. */
  readonly storedBytes: number;
  /** Whether projections are in blocks of 4 bits. */
  readonly quantized: boolean;
  /** Whether graphs run on a device with memory of its own, and there read one copy of the weights or have each their own:
   *  tensors stay on a device with WebGPU only. */
  readonly device: 'none' | 'one copy' | 'copy of each graph';
  /** The format of each weight in that one copy. */
  readonly deviceFormats: DeviceFormats;
  /** Null where all weights learn. */
  readonly lora: LoraSettings | null;
  readonly workers: number;
  /** Longest prompt and completion together, in tokens. */
  readonly longest: number;
  /** Whose weights learn: two policies of a run, or one model that is fine-tuned. */
  readonly learners: 'Challenger and Solver' | 'the model';
  /** Sequences that are wanted at a time; 0 where nothing is decoded. */
  readonly sequences: number;
  /** Padded tokens of a training micro-batch. */
  readonly microBatchTokens: number;
  /** Gradient checkpointing. */
  readonly recompute: boolean;
}

/** Node, SQLite and the grading thread; then each worker with ONNX Runtime. */
const [PROCESS_BYTES, WORKER_BYTES] = [150e6, 60e6];
/** Flat arrays of what learns: of Challenger, Solver and base the weights, their shared copy and two moments, of the two
 *  trained ones a reference; of one model its weights before and now, their shared copy and two moments. */
const STATE_COPIES = { 'Challenger and Solver': 14, 'the model': 5 } as const;
/** In each worker a copy of three versions, a gradient and what an update gives. */
const WORKER_COPIES = 6;

/** The parts of a run's memory. */
export function memoryPlan(demand: MemoryDemand): readonly MemoryPart[] {
  const { config, lora, learners, workers, storedBytes } = demand;
  const size = parameterLayout(config).size;
  const learned = 4 * (lora === null ? size : loraLayout(config, lora).size);
  const what = lora === null ? 'weights' : 'adapters';
  const graphs = demand.device === 'none' ? 'memory' : 'device';
  const perWorker = [
    ...(lora === null ? [] : frozenParts(demand)),
    part(`${what}, their gradient and their update`, WORKER_COPIES * learned),
    ...(demand.sequences > 0 ? [part('keys and values while decoding', cacheBytes(demand), graphs)] : []),
    part('activations while training', activationBytes(demand), graphs),
    part('ONNX Runtime', WORKER_BYTES),
  ];
  const times = (count: number, { name, ...rest }: MemoryPart): MemoryPart => ({
    ...rest,
    name: count === 1 ? name : `${name}, ${count} workers`,
    bytes: count * rest.bytes,
  });
  return [
    ...(lora === null ? [] : [part('weights mapped from their files', storedBytes)]),
    part(`${what} and moments of ${learners}`, STATE_COPIES[learners] * learned),
    ...perWorker.map((each) => times(workers, each)),
    part('the program itself', PROCESS_BYTES),
  ];
}

const part = (name: string, bytes: number, where: MemoryPart['where'] = 'memory'): MemoryPart => ({
  name,
  bytes,
  where,
});

/** What a worker has of weights that do not learn. */
function frozenParts(demand: MemoryDemand): MemoryPart[] {
  const { device, storedBytes } = demand;
  switch (device) {
    case 'none':
      return demand.sequences > 0 ? [decodingPart(demand)] : []; // training reads the mapped files
    case 'one copy':
      return [
        part('weights for decoding and training', bytesIn(demand.config, demand.deviceFormats), 'device'),
        ...wideningPart(demand),
      ];
    case 'copy of each graph':
      return [
        ...(demand.sequences > 0 ? [part('weights for decoding, as they are stored', storedBytes, 'device')] : []),
        part('weights for training, as they are stored', storedBytes, 'device'),
      ];
  }
}

/** What the largest matrix of 16 bits, or the part of it that is widened at a time, takes on its way to float32. */
function wideningPart({ config, deviceFormats }: MemoryDemand): MemoryPart[] {
  const widened = parameterLayout(config).parameters.filter(({ name }) => deviceFormats.get(name) !== 'float32');
  const largest = Math.max(0, ...widened.map(({ size }) => size));
  return largest === 0
    ? []
    : [part('weights of 16 bits as they become F32', 8 * Math.min(WIDENED_AT_A_TIME, largest), 'device')];
}

/** Weights packed for decoding's products: as float32, or in 4 bits what is in blocks, whose scales stay in the files. */
function decodingPart({ config, quantized }: MemoryDemand): MemoryPart {
  if (!quantized) return part('weights as decoding has them, F32', 4 * parameterLayout(config).size);
  const bytes = parameterLayout(config).parameters.reduce(
    (sum, parameter) => sum + (goesIntoBlocks(parameter) ? 0.5 : 4) * parameter.size,
    0,
  );
  return part('weights as decoding has them, 4 bits and F32', bytes);
}

/** Bytes of all parts that lie in one place. */
export const totalBytes = (parts: readonly MemoryPart[], where: MemoryPart['where']): number =>
  parts.reduce((sum, part) => sum + (part.where === where ? part.bytes : 0), 0);

/** Keys and values of all that are seated; where lanes grow, old and new stand side by side for a moment. */
function cacheBytes({ config, longest, sequences, workers }: MemoryDemand): number {
  const ofOne = 4 * 2 * config.layerCount * config.keyValueHeadCount * config.headSize * longest;
  const seats = Math.min(BATCHING_LIMITS.seatCount, Math.ceil(sequences / workers));
  return 1.5 * Math.min(BATCHING_LIMITS.cacheBytes, seats * ofOne);
}

/** What a forward and backward pass keeps. Of a layer, in floats a token: five hidden states, six of the queries' size, six of
 *  the keys', four of the feed-forward's and three rows of attention scores; its gradients add two fifths of one layer. */
function activationBytes({ config, longest, microBatchTokens, recompute }: MemoryDemand): number {
  const { hiddenSize: D, headCount: H, keyValueHeadCount: K, headSize: S, feedForwardSize: F, layerCount: L } = config;
  const tokens = Math.max(microBatchTokens, longest);
  const layer = 5 * D + 6 * H * S + 6 * K * S + 4 * F + 3 * H * longest;
  const layers = recompute ? 1.4 * layer + 1.5 * L * D : (L + 0.4) * layer;
  const scored = config.vocabularySize < LARGE_VOCABULARY ? tokens : CHUNK_TOKENS;
  return 4 * (tokens * layers + 4 * scored * config.vocabularySize);
}
