import type { Value } from '../graph/node.js';
import {
  add,
  cast,
  concat,
  constant,
  expand,
  gather,
  identity,
  input,
  lessOrEqual,
  matmul,
  reshape,
  scatterElements,
  shapeOf,
  softmax,
  split,
  transpose,
  where,
} from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import { keysName, valuesName } from './decode.js';
import { type Attention, decoder } from './decoder.js';
import { type SamplingKind, sample } from './sampling.js';
import { logits, outputTable, type Weights } from './weights.js';

/**
 * Generation with the cache in the device's memory: it goes into a graph and comes out of it there, and only tokens and their
 * log-probabilities are copied here. Rules:
 * - each of B seats has M slots of its own, and slot t holds the keys and values of the sequence's token t, prompt and
 *   completion alike;
 * - a step writes the slot of each seat's newest token in place, then looks at the slots up to it: what lies behind, of
 *   padding or of who sat there before, is finite and hidden;
 * - keys lie with their slots last, [B, K, S, M], as the product with the queries reads them; values lie [B, K, M, S].
 */

export type CachePart = 'keys' | 'values';
const SLOT_AXIS = { keys: 3, values: 2 } as const satisfies Record<CachePart, number>;

/** Outputs of a step: a part of the cache with the newest slot written. */
export const newName = (name: string): string => `new:${name}`;
/** Names of the cache's parts, of each layer in turn. */
export const cacheNames = (config: DecoderConfig): readonly string[] =>
  Array.from({ length: config.layerCount }, (_, layer) => [keysName(layer), valuesName(layer)]).flat();
export const partOf = (name: string): CachePart => (name.startsWith('keys') ? 'keys' : 'values');

/** The shape of a part of the cache. */
export function cacheShape<D extends number | string>(config: DecoderConfig, part: CachePart, seats: D, slots: D) {
  const { keyValueHeadCount: K, headSize: S } = config;
  return part === 'keys' ? [seats, K, S, slots] : [seats, K, slots, S];
}

/**
 * The next token of each of B seats.
 * Inputs: token, position [B, 1] of the newest; slot [B, 1, 1, 1] the same as a float; slots [M] = 0, 1, …; the cache; rotary
 * tables; and what `sampling.ts` reads. Outputs: tokens, logprobs, untemperedLogprobs [B], and the cache.
 */
export function deviceStepGraph(config: DecoderConfig, weights: Weights, kind: SamplingKind): Record<string, Value> {
  const cache: Record<string, Value> = {};
  const rotary = {
    positions: input('position', ['B', 1], 'int64'),
    cos: input('cos', ['Q', config.headSize / 2]),
    sin: input('sin', ['Q', config.headSize / 2]),
  };
  const hidden = decoder(config, weights, input('token', ['B', 1], 'int64'), rotary, slotAttention(config, cache));
  const last = reshape(hidden, ['B', config.hiddenSize]);
  const { token, logprob, untemperedLogprob } = sample(logits(last, outputTable(config, weights)), kind);
  return {
    tokens: token,
    logprobs: logprob,
    ...(untemperedLogprob === logprob ? {} : { untemperedLogprobs: identity(untemperedLogprob) }),
    ...cache,
  };
}

/** Attention of a token to its seat's slots; `cache` gets what becomes of the cache. */
function slotAttention(config: DecoderConfig, cache: Record<string, Value>): Attention {
  const { keyValueHeadCount: K, headSize: S, headCount: H } = config;
  const slot = input('slot', ['B', 1, 1, 1]);
  const visible = lessOrEqual(input('slots', ['M']), slot);
  const mask = where(visible, constant(0), constant(-1e9)); // [B, 1, 1, M]
  const indices = new Map<CachePart, Value>();
  const written = (name: string, newest: Value): Value => {
    const part = partOf(name);
    const index = indices.get(part) ?? cast(expand(slot, newest.shape, shapeOf(newest)), 'int32');
    indices.set(part, index); // the same in every layer
    const updated = scatterElements(input(name, cacheShape(config, part, 'B', 'M')), index, newest, SLOT_AXIS[part]);
    cache[newName(name)] = updated;
    return updated;
  };
  return (layer, queries, keys, values) => {
    const allKeys = written(keysName(layer), reshape(keys, ['B', K, S, 1])); // [B, K, S, M]
    const allValues = written(valuesName(layer), reshape(values, ['B', K, 1, S])); // [B, K, M, S]
    const scores = matmul(reshape(queries, ['B', K, H / K, S]), allKeys); // [B, K, G, M]
    return reshape(matmul(softmax(add(scores, mask)), allValues), ['B', 1, H * S]);
  };
}

/** A cache without anything in it: shape [4] → a part of zeros. */
export function emptyCacheGraph(config: DecoderConfig, part: CachePart): Record<string, Value> {
  const shape = input('shape', [4], 'int64');
  return { empty: expand(constant(0), cacheShape(config, part, 'B', 'M'), shape) };
}

/** More slots: cache of M slots, shape [4] of E more → M + E. */
export function grownCacheGraph(config: DecoderConfig, part: CachePart): Record<string, Value> {
  const [old, shape] = [input('cache', cacheShape(config, part, 'B', 'M')), input('shape', [4], 'int64')];
  const more = expand(constant(0), cacheShape(config, part, 'B', 'E'), shape);
  return { grown: concat([old, more], SLOT_AXIS[part], 'M+E') };
}

/**
 * Seats prompts: the first T of M slots of some seats become a prompt's keys or values.
 * Inputs: cache; prompt [P, K, T, S]; source [B] the prompt of each seat, any for the others; seated [B, 1, 1, 1] 1 for those
 * that take one, 0 for the others; sizes [2] = T, M − T (at least one: an empty operand crashes WebGPU).
 */
export function seatingGraph(config: DecoderConfig, part: CachePart): Record<string, Value> {
  const axis = SLOT_AXIS[part];
  const old = input('cache', cacheShape(config, part, 'B', 'M'));
  const parts = split(old, axis, input('sizes', [2], 'int64'), ['T', 'M-T']);
  const [head, tail] = parts as [Value, Value];
  const prompt = input('prompt', ['P', config.keyValueHeadCount, 'T', config.headSize]);
  const own = gather(part === 'keys' ? transpose(prompt, [0, 1, 3, 2]) : prompt, input('source', ['B'], 'int64'));
  const keeps = lessOrEqual(input('seated', ['B', 1, 1, 1]), constant(0));
  return { filled: concat([where(keeps, head, own), tail], axis, 'M') };
}
