import { gradients } from '../graph/autodiff.js';
import type { Value } from '../graph/node.js';
import { input } from '../graph/ops.js';
import { floats, integers, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import { causalAttention, decoder } from './decoder.js';
import { type GrpoLossSettings, grpoLoss, supervisedLoss } from './loss.js';
import { type ParameterLayout, parameterLayout } from './parameters.js';
import { recomputed } from './recompute.js';
import { rotaryTables } from './rotary.js';
import { CHUNK_TOKENS, LARGE_VOCABULARY, type TokenScores, tokenScores } from './token-scores.js';
import { outputTable, type Weights, weightInputs } from './weights.js';

/** Graphs over whole padded sequences [B, T]: the loss and its gradients, and the log-probabilities alone. */

/** How a training graph spends memory. */
export interface TrainSettings {
  /** Compute each layer's activations again for its gradient, instead of keeping them. */
  readonly recompute: boolean;
}

/** Scores of the sequences' targets: what every such graph computes from its inputs and the weights. */
function sequenceScores(config: DecoderConfig, weights: Weights, { recompute }: TrainSettings): TokenScores {
  const rotary = {
    positions: input('positions', ['B', 'T'], 'int64'),
    cos: input('cos', ['P', config.headSize / 2]),
    sin: input('sin', ['P', config.headSize / 2]),
  };
  const attention = causalAttention(config, input('causalMask', ['T', 'T']), 'T');
  const around = recompute ? recomputed(weights) : undefined;
  const hidden = decoder(config, weights, input('tokens', ['B', 'T'], 'int64'), rotary, attention, around);
  return tokenScores(hidden, outputTable(config, weights), input('targets', ['B', 'T'], 'int64'));
}

/** Name of the output that holds a parameter's gradient. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

/** Weights of which some learn: those that the layout lists, whose gradients are wanted. */
export interface Trained {
  readonly weights: Weights;
  readonly layout: ParameterLayout;
}

/** All weights of a decoder, as inputs that learn. */
export function allTrained(config: DecoderConfig): Trained {
  const layout = parameterLayout(config);
  return { layout, weights: weightInputs(layout) };
}

/** Forward and backward pass of the weighted cross-entropy. */
export function supervisedGraph(config: DecoderConfig, trained: Trained, train: TrainSettings): Record<string, Value> {
  return withGradients(trained, supervisedLoss(sequenceScores(config, trained.weights, train)));
}

/** Forward and backward pass of a GRPO loss. */
export function grpoGraph(
  config: DecoderConfig,
  trained: Trained,
  settings: GrpoLossSettings,
  train: TrainSettings,
): Record<string, Value> {
  return withGradients(trained, grpoLoss(sequenceScores(config, trained.weights, train), settings));
}

/** Log-probability of each target: `logprobs` [B, T]. */
export function scoreGraph(config: DecoderConfig, weights: Weights): Record<string, Value> {
  return { logprobs: sequenceScores(config, weights, { recompute: false }).logprobs };
}

function withGradients(
  { layout, weights }: Trained,
  outputs: { readonly loss: Value } & Record<string, Value>,
): Record<string, Value> {
  // ONNX Runtime computes outputs in this order, with all that each needs. From the last layer down a weight's gradient comes
  // when its operands are at hand, and they can be forgotten; the other way round all activations are kept to the end.
  const names = layout.parameters.map((parameter) => parameter.name).toReversed();
  const wanted = gradients(
    outputs.loss,
    names.map((name) => weights.values.get(name) as Value),
  );
  return { ...outputs, ...Object.fromEntries(names.map((name, i) => [gradientName(name), wanted[i] as Value])) };
}

/** What the width of a batch must be a multiple of for its scores to be computed: a large vocabulary is scored in chunks of
 *  the batch's tokens. */
export function widthMultiple({ vocabularySize }: DecoderConfig, sequenceCount: number): number {
  if (vocabularySize < LARGE_VOCABULARY) return 1;
  return CHUNK_TOKENS / greatestCommonDivisor(CHUNK_TOKENS, sequenceCount);
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** Sequences of different lengths as one padded batch: inputs are all but the last token, targets all but the first.
 *  `width` is T, a multiple of `multiple`. */
export function sequenceFeeds(
  config: DecoderConfig,
  sequences: readonly ArrayLike<number>[],
  multiple: number,
): { readonly width: number; readonly feeds: Record<string, TensorData> } {
  const B = sequences.length;
  const longest = Math.max(...sequences.map((sequence) => sequence.length)) - 1;
  const T = multiple * Math.ceil(longest / multiple);
  const [tokens, targets, positions] = [new BigInt64Array(B * T), new BigInt64Array(B * T), new BigInt64Array(B * T)];
  sequences.forEach((sequence, b) => {
    for (let t = 0; t < sequence.length - 1; t++) {
      tokens[b * T + t] = BigInt(sequence[t] as number);
      targets[b * T + t] = BigInt(sequence[t + 1] as number);
    }
    for (let t = 0; t < T; t++) positions[b * T + t] = BigInt(t);
  });
  const feeds = {
    tokens: integers(tokens, B, T),
    targets: integers(targets, B, T),
    positions: integers(positions, B, T),
    causalMask: floats(causalMask(T), T, T),
    ...rotaryTables(config, T),
  };
  return { width: T, feeds };
}

/** 0 where a token may look, −1e9 at what comes after it. Padding stands on the right, so nothing real looks at it. */
function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(-1e9, row * length + row + 1, (row + 1) * length);
  return mask;
}
