import type { Dim, Value } from '../graph/node.js';
import {
  add,
  constant,
  matmul,
  mul,
  reshape,
  rmsNorm,
  rotaryEmbedding,
  silu,
  softmax,
  transpose,
  transposed,
} from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import { embedded, projected, vector, type Weights } from './weights.js';

/**
 * The decoder's forward pass. Letters: B sequences, T tokens of each, D hidden size, H query heads, K key-value heads,
 * G = H / K query heads that share one key-value head, S head size, F feed-forward size, V vocabulary.
 */

/** Rotary tables, as graph inputs: cos and sin [longest position, S/2], positions [B, T]. */
export interface RotaryInputs {
  readonly positions: Value;
  readonly cos: Value;
  readonly sin: Value;
}

/** What mixes tokens: given a layer's queries [B, T, H·S], scaled, and keys and values [B, T, K·S], its [B, T, H·S].
 *  Training attends to the sequence itself, decoding to a cache. */
export type Attention = (layer: number, queries: Value, keys: Value, values: Value) => Value;

/** A layer: hidden states [B, T, D] → [B, T, D]. */
export type Layer = (index: number, x: Value) => Value;

/** Final hidden states of a batch: tokens [B, T] → [B, T, D]. `around` may wrap the layers, to recompute them for instance. */
export function decoder(
  config: DecoderConfig,
  weights: Weights,
  tokens: Value,
  rotary: RotaryInputs,
  attention: Attention,
  around: (layer: Layer) => Layer = (layer) => layer,
): Value {
  const layer = around((index, x) => decoderLayer(config, weights, rotary, attention, index, x));
  let x = embedded(weights, tokens); // [B, T, D]
  for (let index = 0; index < config.layerCount; index++) x = layer(index, x);
  return rmsNorm(x, vector(weights, 'model.norm.weight'), config.normEpsilon);
}

/** Where the names of a layer's weights begin. */
export const layerPrefix = (index: number): string => `model.layers.${index}.`;

function decoderLayer(
  config: DecoderConfig,
  weights: Weights,
  rotary: RotaryInputs,
  attention: Attention,
  index: number,
  input: Value,
): Value {
  const weight = (name: string): Value => vector(weights, layerPrefix(index) + name);
  const product = (name: string, from: Value): Value => projected(weights, layerPrefix(index) + name, from);
  const project = (name: string, from: Value): Value => {
    const result = product(`self_attn.${name}_proj.weight`, from);
    return config.attentionBias && name !== 'o' ? add(result, weight(`self_attn.${name}_proj.bias`)) : result;
  };
  const rotated = (heads: Value): Value => rotaryEmbedding(heads, rotary.positions, rotary.cos, rotary.sin);
  const h = rmsNorm(input, weight('input_layernorm.weight'), config.normEpsilon); // [B, T, D]
  const [q, k, values] = [project('q', h), project('k', h), project('v', h)]; // [B, T, H·S] and [B, T, K·S]
  // Queries are scaled by 1/√S; with a norm, its S weights are scaled in their place.
  const scale = constant(1 / Math.sqrt(config.headSize));
  const norm = (name: string): Value => weight(`self_attn.${name}_norm.weight`);
  const queries = config.qkNorm ? headNorm(q, config.headCount, config, mul(norm('q'), scale)) : mul(q, scale);
  const keys = config.qkNorm ? headNorm(k, config.keyValueHeadCount, config, norm('k')) : k;
  const x = add(input, project('o', attention(index, rotated(queries), rotated(keys), values)));

  const m = rmsNorm(x, weight('post_attention_layernorm.weight'), config.normEpsilon); // [B, T, D]
  const gate = silu(product('mlp.gate_proj.weight', m)); // [B, T, F]
  const up = product('mlp.up_proj.weight', m); // [B, T, F]
  return add(x, product('mlp.down_proj.weight', mul(gate, up)));
}

/** Attention of whole sequences to themselves, under an additive mask [T, T]; `seen` gets each layer's keys and values. */
export function causalAttention(
  config: DecoderConfig,
  mask: Value,
  time: Dim,
  seen: (layer: number, keys: Value, values: Value) => void = () => undefined,
): Attention {
  const { keyValueHeadCount: K, headSize: S, headCount: H } = config;
  const G = H / K;
  return (layer, queries, keys, values) => {
    const q = reshape(transpose(reshape(queries, ['B', time, K, G, S]), [0, 2, 3, 1, 4]), ['B', K, 'GT', S]);
    const k = transpose(reshape(keys, ['B', time, K, S]), [0, 2, 1, 3]); // [B, K, T, S]
    const v = transpose(reshape(values, ['B', time, K, S]), [0, 2, 1, 3]); // [B, K, T, S]
    seen(layer, k, v);
    const scores = reshape(matmul(q, transposed(k)), ['B', K, G, time, time]);
    const shares = reshape(softmax(add(scores, mask)), ['B', K, 'GT', time]);
    const mixed = reshape(matmul(shares, v), ['B', K, G, time, S]);
    return reshape(transpose(mixed, [0, 3, 1, 2, 4]), ['B', time, H * S]);
  };
}

/** RMSNorm of each head by itself (Qwen3): [B, T, count·S] → [B, T, count·S]. */
function headNorm(x: Value, count: number, config: DecoderConfig, weight: Value): Value {
  const [batch, time] = x.shape as readonly [Dim, Dim];
  const heads = reshape(x, [batch, time, count, config.headSize]);
  return reshape(rmsNorm(heads, weight, config.normEpsilon), [batch, time, count * config.headSize]);
}
