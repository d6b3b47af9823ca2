import type { Dim, Value } from '../graph/node.js';
import {
  add,
  argMax,
  cast,
  concat,
  constant,
  cumulativeSum,
  div,
  exp,
  gather,
  gatherElements,
  input,
  less,
  lessOrEqual,
  log,
  loop,
  matmul,
  max,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reshape,
  shapeOf,
  slice,
  softmax,
  sortDescending,
  sub,
  transposed,
  where,
  zeros,
} from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import { type Attention, causalAttention, decoder, logits, type RotaryInputs } from './decoder.js';
import { parameterInputs, parameterLayout } from './parameters.js';

/**
 * Generation as two graphs. Prefill gives the keys and values of prompts; decode runs C tokens of B seats in one call:
 * an ONNX Loop whose body is one decoder step. The cache of what came before the chunk is captured from outside the
 * loop, so it is never copied; only the chunk's own keys and values go round, and only they and the tokens come out.
 * Sampling happens inside, from one uniform number a token.
 */

export const keysName = (layer: number): string => `keys${layer}`;
export const valuesName = (layer: number): string => `values${layer}`;

const rotaryInputs = (config: DecoderConfig, positions: Value): RotaryInputs => ({
  positions,
  cos: input('cos', ['P', config.headSize / 2]),
  sin: input('sin', ['P', config.headSize / 2]),
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

/** Whether the nucleus is cut; a graph of its own, because sorting the vocabulary at each token costs. */
export interface DecodeSettings {
  readonly nucleus: boolean;
}

/**
 * C tokens for each of B seats.
 * Inputs: token [B] the last one of each seat; position [B] its place; cacheMask [B, 1, 1, M] 0 where the cache of
 * M slots holds something, −1e9 elsewhere (M ≥ 1: an empty inner dimension crashes WebGPU); keys and values
 * [B, K, M, S] of each layer; uniforms [C, B] in [0, 1); inverseTemperature [B, 1]; greedy [B] (1 takes the likeliest
 * token); topP [B, 1] with a nucleus. Outputs: tokens, logprobs (of the distribution sampled from) [C, B], and the
 * chunk's keys and values [B, K, C, S] of each layer.
 */
export function decodeGraph(config: DecoderConfig, settings: DecodeSettings): Record<string, Value> {
  const { keyValueHeadCount: K, headSize: S, layerCount: L } = config;
  const weights = parameterInputs(parameterLayout(config));
  const firstToken = input('token', ['B'], 'int64');
  const firstPosition = input('position', ['B'], 'int64');
  const uniforms = input('uniforms', ['C', 'B']);
  const layers = Array.from({ length: L }, (_, layer) => layer);
  const cache = layers.map((layer) => ({
    keys: input(`cachedKeys${layer}`, ['B', K, 'M', S]),
    values: input(`cachedValues${layer}`, ['B', K, 'M', S]),
  }));
  const cacheMask = input('cacheMask', ['B', 1, 1, 'M']);

  // The chunk's own keys and values grow by a slot each turn, from none.
  const none = zeros(['B', K, 0, S], concat([shapeOf(firstToken), constant([K, 0, S], [3], 'int64')], 0));
  const turn = input('turn', [], 'int64');
  const [token, position] = [input('turnToken', ['B'], 'int64'), input('turnPosition', ['B'], 'int64')];
  const grown = (name: string): Value => input(name, ['B', K, 'c', S]);
  const own = layers.map((layer) => ({ keys: grown(`turnKeys${layer}`), values: grown(`turnValues${layer}`) }));
  const next: { keys: Value; values: Value }[] = [];

  const attention: Attention = (layer, queries, keys, values) => {
    const { keys: ownKeys, values: ownValues } = own[layer] as { keys: Value; values: Value };
    const { keys: cachedKeys, values: cachedValues } = cache[layer] as { keys: Value; values: Value };
    const single = (x: Value): Value => reshape(x, ['B', K, 1, S]);
    const allKeys = concat([ownKeys, single(keys)], 2, 'c+1');
    const allValues = concat([ownValues, single(values)], 2, 'c+1');
    next[layer] = { keys: allKeys, values: allValues };
    return cachedAttention(config, queries, { cachedKeys, cachedValues, cacheMask, allKeys, allValues });
  };
  const column = (x: Value): Value => reshape(x, ['B', 1]);
  const hidden = decoder(config, weights, column(token), rotaryInputs(config, column(position)), attention);
  const scores = reshape(logits(config, weights, hidden), ['B', config.vocabularySize]);
  const noise = column(gather(uniforms, turn));
  const sampled = sample(scores, noise, settings);

  const body = {
    iteration: turn,
    carried: [token, position, ...own.flatMap(({ keys, values }) => [keys, values])],
    nextCarried: [
      sampled.token,
      add(position, constant(1, [], 'int64')),
      ...next.flatMap(({ keys, values }) => [keys, values]),
    ],
    stacked: [sampled.token, sampled.logprob],
  };
  const final: Dim[] = ['B', K, 'C', S];
  const turns = reshape(slice(shapeOf(uniforms), 0, 0, 1), []);
  const results = loop(
    turns,
    [firstToken, firstPosition, ...layers.flatMap(() => [none, none])],
    body,
    [['B'], ['B'], ...layers.flatMap(() => [final, final])],
    'C',
  );
  const outputs: Record<string, Value> = {};
  for (const layer of layers) {
    outputs[keysName(layer)] = results[2 + 2 * layer] as Value;
    outputs[valuesName(layer)] = results[3 + 2 * layer] as Value;
  }
  outputs['tokens'] = results[2 + 2 * L] as Value;
  outputs['logprobs'] = results[3 + 2 * L] as Value;
  return outputs;
}

interface Cache {
  readonly cachedKeys: Value;
  readonly cachedValues: Value;
  readonly cacheMask: Value;
  readonly allKeys: Value;
  readonly allValues: Value;
}

/** One query a seat against the cache and the chunk: one softmax over both. [B, 1, H·S] → [B, 1, H·S] */
function cachedAttention(config: DecoderConfig, queries: Value, cache: Cache): Value {
  const { keyValueHeadCount: K, headSize: S, headCount: H } = config;
  const q = reshape(queries, ['B', K, H / K, S]);
  const past = add(matmul(q, transposed(cache.cachedKeys)), cache.cacheMask); // [B, K, G, M]
  const recent = matmul(q, transposed(cache.allKeys)); // [B, K, G, c+1]
  // The softmax over both halves without gluing them: each half's exponentials over their common sum.
  const highest = max(reduceMax(past, [-1]), reduceMax(recent, [-1])); // [B, K, G, 1]
  const [a, b] = [exp(sub(past, highest)), exp(sub(recent, highest))];
  const mixed = add(matmul(a, cache.cachedValues), matmul(b, cache.allValues)); // [B, K, G, S]
  const total = add(reduceSum(a, [-1]), reduceSum(b, [-1]));
  return reshape(div(mixed, total), ['B', 1, H * S]);
}

/** A token of each seat: where the running sum of the probabilities passes the uniform number. */
function sample(
  scores: Value,
  noise: Value,
  settings: DecodeSettings,
): { readonly token: Value; readonly logprob: Value } {
  const tempered = mul(scores, input('inverseTemperature', ['B', 1]));
  const whole = softmax(tempered); // [B, V]
  const kept = settings.nucleus ? nucleus(whole, input('topP', ['B', 1])) : whole;
  const running = cumulativeSum(kept); // [B, V]
  const vocabulary = scores.shape.at(-1) as number;
  const total = slice(running, -1, vocabulary - 1, vocabulary); // [B, 1], 1 but for rounding
  const passed = less(mul(noise, total), running); // [B, V]: true from the sampled token on
  const drawn = argMax(cast(passed, 'float32'));
  const likeliest = argMax(scores);
  const greedy = less(constant(0.5), input('greedy', ['B']));
  const token = where(greedy, likeliest, drawn);
  const probability = reshape(gatherElements(kept, reshape(token, ['B', 1])), ['B']);
  return { token, logprob: log(div(probability, reshape(total, ['B']))) };
}

/** The smallest set of likeliest tokens that holds at least `topP` (Holtzman et al. 2020); the rest become zero. */
function nucleus(probabilities: Value, topP: Value): Value {
  const sorted = sortDescending(probabilities);
  const before = sub(cumulativeSum(sorted), sorted); // what stands ahead of each
  const inside = where(less(before, topP), sorted, constant(2)); // outside: above any probability
  const least = neg(reduceMax(neg(inside), [-1])); // [B, 1], the smallest kept
  return where(lessOrEqual(least, probabilities), probabilities, constant(0));
}
