import { floats, floatsOf, type GraphSession, integers, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import { keysName, valuesName } from './decode.js';
import { rotaryTables } from './rotary.js';
import { choiceFeeds } from './sampling.js';
import {
  laneKeysName,
  laneMaskName,
  lanePlacesName,
  laneValuesName,
  promptKeysName,
  promptValuesName,
  ROWS,
} from './seat-attention.js';
import { sequenceFeeds } from './train-step.js';

/** Computes the keys and values of prompts, but for each one's last token: of each layer in turn, [batch, K, width, S], where
 *  the width is that of the longest, which comes first and has two tokens at least. */
export type Prefill = (prompts: readonly (readonly number[])[]) => Promise<readonly Float32Array[]>;

/** By a graph made for it. */
export function prefillBy(
  session: GraphSession,
  config: DecoderConfig,
  weights: Readonly<Record<string, TensorData>>,
): Prefill {
  return async (prompts) => {
    const output = await session.run({ ...weights, ...sequenceFeeds(config, prompts, 1).feeds });
    return layersOf(config).flatMap((layer) => [
      floatsOf(output, keysName(layer)),
      floatsOf(output, valuesName(layer)),
    ]);
  };
}

/** By the decode graph of many tokens: each prompt is a seat whose cache is empty, and what it samples is not looked at. */
export function prefillByDecoding(
  session: GraphSession,
  config: DecoderConfig,
  weights: Readonly<Record<string, TensorData>>,
): Prefill {
  const { keyValueHeadCount: K, headSize: S, headCount: H, layerCount: L } = config;
  return async (prompts) => {
    const [B, T] = [prompts.length, (prompts[0]?.length as number) - 1];
    const [token, position] = [new BigInt64Array(B * T), new BigInt64Array(B * T)];
    prompts.forEach((prompt, b) => {
      for (let t = 0; t < T; t++) {
        token[b * T + t] = BigInt(prompt[t] ?? 0);
        position[b * T + t] = BigInt(t);
      }
    });
    const feeds: Record<string, TensorData> = {
      ...weights,
      ...rotaryTables(config, T),
      token: integers(token, B, T),
      position: integers(position, B, T),
      last: integers(new BigInt64Array(B), B),
      uniforms: floats(new Float32Array(B), B, 1),
      ...choiceFeeds({ temperature: 1, topP: 1, topK: 0, minP: 0 }),
      [ROWS]: integers(new BigInt64Array(K), 1, K, 1),
      [lanePlacesName(0)]: integers(new BigInt64Array(B * K), B * K),
      [laneMaskName(0)]: causalMask(B * K, H / K, T),
    };
    for (const layer of layersOf(config)) {
      // One masked slot each: an inner size of zero is not safe on every provider.
      for (const name of [promptKeysName(layer), promptValuesName(layer)])
        feeds[name] = floats(new Float32Array(K * S), K, 1, S);
      for (const name of [laneKeysName(0, layer), laneValuesName(0, layer)])
        feeds[name] = floats(new Float32Array(B * K * S), B * K, 1, S);
    }
    const state = floatsOf(await session.run(feeds), 'state'); // [B, T, 2L, K, S]
    return Array.from({ length: 2 * L }, (_, i) => {
      const cache = new Float32Array(B * K * T * S);
      for (let b = 0; b < B; b++)
        for (let t = 0; t < T; t++)
          for (let k = 0; k < K; k++) {
            const from = (((b * T + t) * 2 * L + i) * K + k) * S;
            cache.set(state.subarray(from, from + S), ((b * K + k) * T + t) * S);
          }
      return cache;
    });
  };
}

const layersOf = (config: DecoderConfig): number[] => Array.from({ length: config.layerCount }, (_, layer) => layer);

/** [heads, G·T, 1 + 1 + T]: the two empty slots hidden, and of the new tokens all that come later. */
function causalMask(heads: number, groupSize: number, T: number): TensorData {
  const width = T + 2;
  const one = new Float32Array(groupSize * T * width).fill(-1e9);
  for (let g = 0; g < groupSize; g++)
    for (let t = 0; t < T; t++) one.fill(0, (g * T + t) * width + 2, (g * T + t) * width + 3 + t);
  const mask = new Float32Array(heads * one.length);
  for (let head = 0; head < heads; head++) mask.set(one, head * one.length);
  return floats(mask, heads, groupSize * T, width);
}
