import type { TensorData } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { loraLayout } from '../lm/lora.js';
import { type ParameterLayout, parameterFeeds, parameterLayout } from '../lm/parameters.js';
import { isInBlocks } from '../lm/weight-places.js';
import { adaptedWeights, storedWeights, type Weights, weightInputs } from '../lm/weights.js';
import type { FrozenWeights, PolicyWeights, SharedWeights } from './tasks.js';

/** The part of a policy's weights that stays in its files, or null. */
export const frozenPart = (weights: PolicyWeights): FrozenWeights | null =>
  'adapters' in weights ? weights.base : 'folder' in weights ? weights : null;

/** The part of a policy's weights that can learn, or null. */
export const learnedPart = (weights: PolicyWeights): SharedWeights | null =>
  'adapters' in weights ? weights.adapters : 'folder' in weights ? null : weights;

/** Whether a policy's weights, those that do not learn, are in blocks of 4 bits. */
export function isQuantized(weights: PolicyWeights): boolean {
  const frozen = frozenPart(weights);
  return frozen !== null && [...frozen.places.values()].some(isInBlocks);
}

/** How what can learn lies in its flat array. */
export const learnedLayout = (config: DecoderConfig, weights: PolicyWeights): ParameterLayout =>
  'adapters' in weights ? loraLayout(config, weights.lora) : parameterLayout(config);

/** What tells apart the graphs that are made over different weights: those of one kind share a graph, whatever their values. */
export const graphKey = (weights: PolicyWeights): string =>
  `${frozenPart(weights)?.folder ?? ''} ${'adapters' in weights ? JSON.stringify(weights.lora) : ''}`;

/** A policy's weights as values of a graph. */
export function graphWeights(config: DecoderConfig, weights: PolicyWeights): Weights {
  if ('adapters' in weights) return adaptedWeights(config, weights.base.places, weights.lora);
  return 'folder' in weights ? storedWeights(config, weights.places) : weightInputs(parameterLayout(config));
}

/** Policies whose weights a worker keeps at a time: Challenger, Solver, and a reference. */
const KEPT_VERSIONS = 3;

/** A worker's own copies of weights that change, as feeds: ONNX Runtime refuses tensors over a SharedArrayBuffer. */
export class WeightCopies {
  private readonly versions = new Map<string, Record<string, TensorData>>();

  constructor(private readonly config: DecoderConfig) {}

  /** What feeds the weights to a graph; nothing where all are its constants. */
  feeds(weights: PolicyWeights): Readonly<Record<string, TensorData>> {
    const learned = learnedPart(weights);
    if (learned === null) return {};
    const known = this.versions.get(learned.version);
    if (known !== undefined) return known;
    const oldest = this.versions.keys().next();
    if (this.versions.size >= KEPT_VERSIONS && !oldest.done) this.versions.delete(oldest.value);
    const copy = new Float32Array(new Float32Array(learned.buffer));
    const feeds = parameterFeeds(learnedLayout(this.config, weights), copy);
    this.versions.set(learned.version, feeds);
    return feeds;
  }
}
