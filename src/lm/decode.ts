import type { Value } from '../graph/node.js';
import { concat, identity, input, reshape } from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import { causalAttention, decoder, logits, type RotaryInputs } from './decoder.js';
import { parameterInputs, parameterLayout } from './parameters.js';
import { type SamplingKind, sample } from './sampling.js';
import { type NewState, seatAttention } from './seat-attention.js';

/**
 * Generation as two graphs. Prefill gives the keys and values of prompts; decode takes one token of each seat to the
 * next, sampling included. The cache is an input, which ONNX Runtime reads in place: only the new token's keys and
 * values come out (copied at 25 ms per 64 MB), and the caller writes them to their slots. So a sequence that ends gives
 * its seat away at once; a loop of several tokens inside the graph saved less than its idle seats cost.
 */

export const keysName = (layer: number): string => `keys${layer}`;
export const valuesName = (layer: number): string => `values${layer}`;

const rotaryInputs = (config: DecoderConfig, positions: Value): RotaryInputs => ({
  positions,
  cos: input('cos', ['Q', config.headSize / 2]),
  sin: input('sin', ['Q', config.headSize / 2]),
});

/** Keys and values of whole prompts: tokens, positions [B, T] → keys and values [B, K, T, S] of each layer. */
export function prefillGraph(config: DecoderConfig): Record<string, Value> {
  const outputs: Record<string, Value> = {};
  const attention = causalAttention(config, input('causalMask', ['T', 'T']), 'T', (layer, keys, values) => {
    outputs[keysName(layer)] = keys;
    outputs[valuesName(layer)] = values;
  });
  const rotary = rotaryInputs(config, input('positions', ['B', 'T'], 'int64'));
  decoder(config, parameterInputs(parameterLayout(config)), input('tokens', ['B', 'T'], 'int64'), rotary, attention);
  return outputs;
}

export interface DecodeSettings {
  readonly laneCount: number;
  readonly sampling: SamplingKind;
}

/**
 * The next token of each of B seats.
 * Inputs: token [B, 1] the last one of each seat; position [B, 1] its place; the cache of `seat-attention.ts`; what
 * `sampling.ts` reads. Outputs: tokens, logprobs, untemperedLogprobs [B]; state [B, 2L, K, S], the keys and then the
 * values of each layer in turn.
 */
export function decodeGraph(config: DecoderConfig, settings: DecodeSettings): Record<string, Value> {
  const { keyValueHeadCount: K, headSize: S, layerCount: L } = config;
  const weights = parameterInputs(parameterLayout(config));
  const state: NewState = { keys: [], values: [] };
  const attention = seatAttention(config, settings.laneCount, state);
  const rotary = rotaryInputs(config, input('position', ['B', 1], 'int64'));
  const hidden = decoder(config, weights, input('token', ['B', 1], 'int64'), rotary, attention); // [B, 1, D]
  const scores = reshape(logits(config, weights, hidden), ['B', config.vocabularySize]);
  const { token, logprob, untemperedLogprob } = sample(scores, settings.sampling);
  const byLayer = state.keys.flatMap((keys, layer) => [keys, state.values[layer] as Value]);
  return {
    tokens: token,
    logprobs: logprob,
    ...(untemperedLogprob === logprob ? {} : { untemperedLogprobs: identity(untemperedLogprob) }),
    state: reshape(concat(byLayer, -1), ['B', 2 * L, K, S]),
  };
}
