import type { Value } from '../graph/node.js';
import { concat, gather, identity, input, reshape } from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import { causalAttention, decoder, type RotaryInputs } from './decoder.js';
import { type SamplingKind, sample } from './sampling.js';
import { type NewState, seatAttention } from './seat-attention.js';
import { logits, outputTable, type Weights } from './weights.js';

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
export function prefillGraph(config: DecoderConfig, weights: Weights): Record<string, Value> {
  const outputs: Record<string, Value> = {};
  const attention = causalAttention(config, input('causalMask', ['T', 'T']), 'T', (layer, keys, values) => {
    outputs[keysName(layer)] = keys;
    outputs[valuesName(layer)] = values;
  });
  const rotary = rotaryInputs(config, input('positions', ['B', 'T'], 'int64'));
  decoder(config, weights, input('tokens', ['B', 'T'], 'int64'), rotary, attention);
  return outputs;
}

export interface DecodeSettings {
  readonly laneCount: number;
  readonly sampling: SamplingKind;
  /** New tokens of a call: one, or as many as the input has. A graph of many also takes in prompts, so that the weights
   *  of a large model need be held by one graph only. */
  readonly tokens: 'one' | 'many';
}

/**
 * The next token of each of B seats.
 * Inputs: token [B, T] the newest ones of each seat; position [B, T] their places; the cache of `seat-attention.ts`; what
 * `sampling.ts` reads; and with many tokens `last` [B], the index in B·T of the one that the next is drawn after.
 * Outputs: tokens, logprobs, untemperedLogprobs [B]; state [B, T, 2L, K, S], the keys and then the values of each layer in
 * turn.
 */
export function decodeGraph(config: DecoderConfig, weights: Weights, settings: DecodeSettings): Record<string, Value> {
  const { keyValueHeadCount: K, headSize: S, layerCount: L, hiddenSize: D } = config;
  const T = settings.tokens === 'one' ? 1 : 'T';
  const state: NewState = { keys: [], values: [] };
  const tokens = input('token', ['B', T], 'int64');
  const attention = seatAttention(config, settings.laneCount, tokens, state);
  const hidden = decoder(
    config,
    weights,
    tokens,
    rotaryInputs(config, input('position', ['B', T], 'int64')),
    attention,
  );
  const last = T === 1 ? reshape(hidden, ['B', D]) : gather(reshape(hidden, ['BT', D]), input('last', ['B'], 'int64'));
  const { token, logprob, untemperedLogprob } = sample(logits(last, outputTable(config, weights)), settings.sampling);
  const byLayer = state.keys.flatMap((keys, layer) => [keys, state.values[layer] as Value]);
  return {
    tokens: token,
    logprobs: logprob,
    ...(untemperedLogprob === logprob ? {} : { untemperedLogprobs: identity(untemperedLogprob) }),
    state: reshape(concat(byLayer, -1), ['B', T, 2 * L, K, S]),
  };
}
