import type { ExecutionProvider } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import type { BatchingLimits, Generated, SamplingSettings, SequenceRequest } from '../lm/batching.js';
import type { DeviceWeightFormat } from '../lm/device-formats.js';
import type { LoraSettings } from '../lm/lora.js';
import type { GrpoLossSettings } from '../lm/loss.js';
import type { OptimizerSettings } from '../lm/optimizer.js';
import type { TrainSettings } from '../lm/train-step.js';
import type { WeightPlaces } from '../lm/weight-places.js';
import type { Limits } from './limits.js';

/** The wire between the main thread and the workers that hold the model: task name → what goes in and what comes out. */

/** Weights by version: a worker copies them from the shared memory when it has not seen the version. */
export interface SharedWeights {
  readonly version: string;
  readonly buffer: SharedArrayBuffer;
}

/** Weights that stay in their checkpoint's files and never change. */
export interface FrozenWeights {
  readonly folder: string;
  readonly places: WeightPlaces;
}

/** Adapters that learn, over weights that do not. */
export interface AdaptedWeights {
  readonly base: FrozenWeights;
  readonly lora: LoraSettings;
  readonly adapters: SharedWeights;
}

/** Weights of a policy that can be trained, and of any model that can be used. */
export type TrainableWeights = SharedWeights | AdaptedWeights;
export type PolicyWeights = TrainableWeights | FrozenWeights;

export interface GenerateTask {
  readonly weights: PolicyWeights;
  readonly prompts: readonly (readonly number[])[];
  readonly requests: readonly SequenceRequest[];
  readonly sampling: SamplingSettings;
  /** Where a measurement wants others than the usual ones. */
  readonly limits?: BatchingLimits;
}

/** A sequence with the log-probability asked for from `start` on. */
export interface ScoreTask {
  readonly weights: PolicyWeights;
  readonly sequences: readonly { readonly tokens: readonly number[]; readonly start: number }[];
}

export interface SupervisedTask {
  readonly weights: TrainableWeights;
  /** Micro-batches of sequences; the weight of each target, its average's divisor included. */
  readonly batches: readonly {
    readonly sequences: readonly (readonly number[])[];
    readonly weights: readonly Float32Array[];
  }[];
  readonly train: TrainSettings;
}

export interface GrpoSequence {
  readonly tokens: readonly number[];
  /** Index of the first completion token. */
  readonly start: number;
  readonly advantage: number;
  /** Weight of each completion token, the average's divisor included. */
  readonly weight: number;
  /** Of each completion token. */
  readonly behaviourLogprobs: readonly number[];
  /** Weight of each completion token's objective, where another engine sampled the completion. */
  readonly importance?: readonly number[];
}

export interface GrpoTask {
  readonly weights: TrainableWeights;
  /** The policy that the KL is to; null where the KL has no weight, and is reported to the policy that sampled. */
  readonly reference: TrainableWeights | null;
  readonly batches: readonly (readonly GrpoSequence[])[];
  readonly settings: GrpoLossSettings;
  readonly train: TrainSettings;
}

export interface GradientResult {
  readonly gradient: Float32Array;
  readonly loss: number;
}
export interface GrpoResult extends GradientResult {
  readonly klSum: number;
  readonly clippedSum: number;
  readonly entropySum: number;
  readonly driftSum: number;
  readonly driftMax: number;
}

export interface UpdateTask {
  readonly optimizer: OptimizerSettings;
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly learningRate: number;
  readonly muonLearningRate: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  /** Updates made, this one included. */
  readonly step: number;
}
export interface UpdateResult {
  readonly weights: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly gradNorm: number;
}

export interface Tasks {
  readonly generate: { readonly input: GenerateTask; readonly output: Generated[] };
  readonly score: { readonly input: ScoreTask; readonly output: number[][] };
  readonly supervised: { readonly input: SupervisedTask; readonly output: GradientResult };
  readonly grpo: { readonly input: GrpoTask; readonly output: GrpoResult };
  readonly update: { readonly input: UpdateTask; readonly output: UpdateResult };
  readonly limits: { readonly input: Record<string, never>; readonly output: Limits };
  /** Seconds that the worker has spent inside ONNX Runtime until now. */
  readonly runtimeSeconds: { readonly input: Record<string, never>; readonly output: number };
}
export type TaskName = keyof Tasks;

/** What a worker is started with. */
export interface WorkerStart {
  readonly config: DecoderConfig;
  readonly provider: ExecutionProvider;
  /** Threads inside each run of a graph. */
  readonly threads: number;
  readonly deviceWeights: DeviceWeightFormat;
  /** One 32-bit cell: not 0 asks the worker to give up its task between two runs. */
  readonly cancel: SharedArrayBuffer;
}
