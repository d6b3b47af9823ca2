import { gradients } from '../graph/autodiff.js';
import type { Value } from '../graph/node.js';
import { input, tokenLogprob } from '../graph/ops.js';
import { floats, integers, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import { causalAttention, decoder, logits } from './decoder.js';
import { type GrpoLossSettings, grpoLoss, lossInputs, supervisedLoss } from './loss.js';
import { type ParameterLayout, parameterInputs, parameterLayout } from './parameters.js';
import { rotaryTables } from './rotary.js';

/** Graphs over whole padded sequences [B, T]: the loss and its gradients, and the log-probabilities alone. */

/** What every such graph reads besides the weights. */
function sequenceLogits(config: DecoderConfig, weights: ReadonlyMap<string, Value>): Value {
  const rotary = {
    positions: input('positions', ['B', 'T'], 'int64'),
    cos: input('cos', ['P', config.headSize / 2]),
    sin: input('sin', ['P', config.headSize / 2]),
  };
  const attention = causalAttention(config, input('causalMask', ['T', 'T']), 'T');
  return logits(config, weights, decoder(config, weights, input('tokens', ['B', 'T'], 'int64'), rotary, attention));
}

/** Name of the output that holds a parameter's gradient. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

/** Forward and backward pass of the weighted cross-entropy. */
export function supervisedGraph(config: DecoderConfig): Record<string, Value> {
  const layout = parameterLayout(config);
  const weights = parameterInputs(layout);
  return withGradients(layout, weights, supervisedLoss(sequenceLogits(config, weights)));
}

/** Forward and backward pass of a GRPO loss. */
export function grpoGraph(config: DecoderConfig, settings: GrpoLossSettings): Record<string, Value> {
  const layout = parameterLayout(config);
  const weights = parameterInputs(layout);
  return withGradients(layout, weights, grpoLoss(sequenceLogits(config, weights), settings));
}

/** Log-probability of each target: `logprobs` [B, T]. */
export function scoreGraph(config: DecoderConfig): Record<string, Value> {
  const weights = parameterInputs(parameterLayout(config));
  return { logprobs: tokenLogprob(sequenceLogits(config, weights), lossInputs().targets) };
}

function withGradients(
  layout: ParameterLayout,
  weights: ReadonlyMap<string, Value>,
  outputs: { readonly loss: Value } & Record<string, Value>,
): Record<string, Value> {
  const names = layout.parameters.map((parameter) => parameter.name);
  const wanted = gradients(
    outputs.loss,
    names.map((name) => weights.get(name) as Value),
  );
  return { ...outputs, ...Object.fromEntries(names.map((name, i) => [gradientName(name), wanted[i] as Value])) };
}

/** Sequences of different lengths as one padded batch: inputs are all but the last token, targets all but the first.
 *  `width` is T. */
export function sequenceFeeds(
  config: DecoderConfig,
  sequences: readonly ArrayLike<number>[],
): { readonly width: number; readonly feeds: Record<string, TensorData> } {
  const B = sequences.length;
  const T = Math.max(...sequences.map((sequence) => sequence.length)) - 1;
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
