import type { Value } from '../graph/node.js';
import {
  add,
  concat,
  constant,
  gather,
  input,
  matmul,
  mul,
  reduceSum,
  reshape,
  reshapeTo,
  shapeOf,
  slice,
  softmax,
  split,
  transposed,
} from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import type { Attention } from './decoder.js';

/**
 * Attention of one new token of each seat to three things: the prompt, the seat's own earlier tokens, and itself.
 *
 * - A prompt's keys and values are held once, in a row, and shared by up to R seats: one product serves them all. Row
 *   places without a seat are computed for nothing.
 * - A seat's own keys and values lie in a lane with others of about its length, so that little padding is attended to.
 *   Seats are ordered by lane.
 * - The token's own key and value are not in the cache yet: its score is a dot product.
 *
 * Letters beside the decoder's: N rows of R places and P prompt slots; lane i has Bi seats of Mi slots (at least one: an
 * empty inner dimension crashes WebGPU).
 */

export const promptKeysName = (layer: number): string => `promptKeys${layer}`;
export const promptValuesName = (layer: number): string => `promptValues${layer}`;
export const laneKeysName = (lane: number, layer: number): string => `keys${lane}.${layer}`;
export const laneValuesName = (lane: number, layer: number): string => `values${lane}.${layer}`;
/** Additive mask of a lane, [BiK, 1, P + Mi + 1]: 0 where a slot holds something for the seat (the last is the token
 *  itself), −1e9 elsewhere. */
export const laneMaskName = (lane: number): string => `mask${lane}`;
/** Where a lane's seats sit in the rows, [BiK]: (row · K + k) · R + place. */
export const lanePlacesName = (lane: number): string => `places${lane}`;
/** Who sits in the rows, [N, K, R]: seat · K + k, or any seat where nobody does. */
export const ROWS = 'rows';
/** Seats times K of each lane, [laneCount]; read only where there are several. */
export const LANE_SIZES = 'laneSizes';

/** What `attend` saw of each layer: the new token's keys and values, [B, 1, K·S]. */
export interface NewState {
  readonly keys: Value[];
  readonly values: Value[];
}

export function seatAttention(config: DecoderConfig, laneCount: number, state: NewState): Attention {
  const { keyValueHeadCount: K, headSize: S, headCount: H, layerCount: L } = config;
  const G = H / K;
  const lanes = Array.from({ length: laneCount }, (_, lane) => lane);
  const heads = (lane: number): string => (laneCount === 1 ? 'BK' : `B${lane}K`);
  const rows = input(ROWS, ['N', K, 'R'], 'int64');
  const sizes = input(LANE_SIZES, [laneCount], 'int64');
  const byLane = (x: Value): Value[] => (laneCount === 1 ? [x] : split(x, 0, sizes, lanes.map(heads)));
  const together = (parts: Value[]): Value => (laneCount === 1 ? (parts[0] as Value) : concat(parts, 0, 'BK'));
  const places = lanes.map((lane) => input(lanePlacesName(lane), [heads(lane)], 'int64'));
  const allPlaces = together(places);
  const masks = lanes.map((lane) => input(laneMaskName(lane), [heads(lane), 1, `P+M${lane}+1`]));
  const prompt = (name: (layer: number) => string): Value[] =>
    Array.from({ length: L }, (_, layer) => input(name(layer), ['NK', 'P', S]));
  const own = (name: (lane: number, layer: number) => string): Value[][] =>
    lanes.map((lane) =>
      Array.from({ length: L }, (_, layer) => input(name(lane, layer), [heads(lane), `M${lane}`, S])),
    );
  const [promptKeys, promptValues] = [prompt(promptKeysName), prompt(promptValuesName)];
  const [ownKeys, ownValues] = [own(laneKeysName), own(laneValuesName)];

  // Sizes that are only known when the graph runs: P of the prompts, Mi of each lane.
  const integers = (...values: number[]): Value => constant(values, [values.length], 'int64');
  const slotsOf = (cache: Value): Value => slice(shapeOf(cache), 0, 1, 2);
  const promptSlots = slotsOf(promptKeys[0] as Value);
  const byHead = concat([integers(-1, G), promptSlots], 0); // [·, G, P]
  const parts = lanes.map((lane) => concat([promptSlots, slotsOf(ownKeys[lane]?.[0] as Value), integers(1)], 0));
  const rowCount = slice(shapeOf(promptKeys[0] as Value), 0, 0, 1); // N·K
  const byRow = concat([rowCount, integers(-1), promptSlots], 0); // [NK, RG, P]

  return (layer, queries, keys, values) => {
    state.keys[layer] = keys;
    state.values[layer] = values;
    const q = reshape(queries, ['BK', G, S]);
    const k = reshape(keys, ['BK', 1, S]);
    const v = reshape(values, ['BK', 1, S]);

    const seated = reshapeTo(gather(q, rows), ['NK', 'RG', S], concat([rowCount, integers(-1, S)], 0));
    const rowScores = matmul(seated, transposed(promptKeys[layer] as Value)); // [NK, RG, P]
    const promptScores = reshapeTo(rowScores, ['NKR', G, 'P'], byHead);
    const selfScores = byLane(reduceSum(mul(q, k), [-1])); // [BiK, G, 1]

    const laneQueries = byLane(q);
    const shares = lanes.map((lane) => {
      const M = `M${lane}`;
      const ofPrompt = gather(promptScores, places[lane] as Value); // [BiK, G, P]
      const ofOwn = matmul(laneQueries[lane] as Value, transposed(ownKeys[lane]?.[layer] as Value)); // [BiK, G, Mi]
      const scores = concat([ofPrompt, ofOwn, selfScores[lane] as Value], -1, `P+${M}+1`);
      return split(softmax(add(scores, masks[lane] as Value)), -1, parts[lane] as Value, ['P', M, 1]);
    });
    const share = (part: number): Value[] => shares.map((ofLane) => ofLane[part] as Value);

    const rowShares = reshapeTo(gather(together(share(0)), rows), ['NK', 'RG', 'P'], byRow);
    const fromPrompts = reshape(matmul(rowShares, promptValues[layer] as Value), ['NKR', G, S]);
    const fromPrompt = gather(fromPrompts, allPlaces); // [BK, G, S]
    const fromOwn = together(share(1).map((part, lane) => matmul(part, ownValues[lane]?.[layer] as Value)));
    const fromSelf = mul(together(share(2)), v); // [BK, G, S]
    return reshape(add(add(fromPrompt, fromOwn), fromSelf), ['B', 1, H * S]);
  };
}
