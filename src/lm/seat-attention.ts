import type { Dim, Value } from '../graph/node.js';
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
  transpose,
  transposed,
} from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import type { Attention } from './decoder.js';

/**
 * Attention of the new tokens of each seat to three things: the prompt, the seat's own earlier tokens, and themselves.
 *
 * - A prompt's keys and values are held once, in a row, and shared by up to R seats: one product serves them all. Row
 *   places without a seat are computed for nothing.
 * - A seat's own keys and values lie in a lane with others of about its length, so that little padding is attended to.
 *   Seats are ordered by lane.
 * - The new tokens' own keys and values are not in the cache yet. Of one new token the score is a dot product; several,
 *   which a prompt is when one graph does all, look at each other under the mask.
 *
 * Letters beside the decoder's: N rows of R places and P prompt slots; lane i has Bi seats of Mi slots (at least one: an
 * empty inner dimension crashes WebGPU).
 */

export const promptKeysName = (layer: number): string => `promptKeys${layer}`;
export const promptValuesName = (layer: number): string => `promptValues${layer}`;
export const laneKeysName = (lane: number, layer: number): string => `keys${lane}.${layer}`;
export const laneValuesName = (lane: number, layer: number): string => `values${lane}.${layer}`;
/** Additive mask of a lane, [BiK, 1 or G·T, P + Mi + T]: 0 where a slot holds something for the seat (the last T are the new
 *  tokens), −1e9 elsewhere. */
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

/** `tokens` is the graph's input of new tokens, [B, 1] or [B, T]. */
export function seatAttention(config: DecoderConfig, laneCount: number, tokens: Value, state: NewState): Attention {
  const { keyValueHeadCount: K, headSize: S, headCount: H, layerCount: L } = config;
  const G = H / K;
  const T = tokens.shape[1] as Dim;
  const single = T === 1;
  const GT = single ? G : 'GT';
  const lanes = Array.from({ length: laneCount }, (_, lane) => lane);
  const heads = (lane: number): string => (laneCount === 1 ? 'BK' : `B${lane}K`);
  const rows = input(ROWS, ['N', K, 'R'], 'int64');
  const sizes = input(LANE_SIZES, [laneCount], 'int64');
  const byLane = (x: Value): Value[] => (laneCount === 1 ? [x] : split(x, 0, sizes, lanes.map(heads)));
  const together = (parts: Value[]): Value => (laneCount === 1 ? (parts[0] as Value) : concat(parts, 0, 'BK'));
  const places = lanes.map((lane) => input(lanePlacesName(lane), [heads(lane)], 'int64'));
  const allPlaces = together(places);
  const masks = lanes.map((lane) => input(laneMaskName(lane), [heads(lane), single ? 1 : 'Q', `P+M${lane}+T`]));
  const prompt = (name: (layer: number) => string): Value[] =>
    Array.from({ length: L }, (_, layer) => input(name(layer), ['NK', 'P', S]));
  const own = (name: (lane: number, layer: number) => string): Value[][] =>
    lanes.map((lane) =>
      Array.from({ length: L }, (_, layer) => input(name(lane, layer), [heads(lane), `M${lane}`, S])),
    );
  const [promptKeys, promptValues] = [prompt(promptKeysName), prompt(promptValuesName)];
  const [ownKeys, ownValues] = [own(laneKeysName), own(laneValuesName)];

  // Sizes that are only known when the graph runs: P of the prompts, Mi of each lane, T.
  const integers = (...values: number[]): Value => constant(values, [values.length], 'int64');
  const axisOf = (x: Value, axis: number): Value => slice(shapeOf(x), 0, axis, axis + 1);
  const promptSlots = axisOf(promptKeys[0] as Value, 1);
  const tokenCount = single ? integers(1) : axisOf(tokens, 1);
  const queryCount = single ? integers(G) : mul(tokenCount, integers(G)); // G·T
  const byHead = concat([integers(-1), queryCount, promptSlots], 0); // [·, GT, P]
  const parts = lanes.map((lane) => concat([promptSlots, axisOf(ownKeys[lane]?.[0] as Value, 1), tokenCount], 0));
  const rowCount = axisOf(promptKeys[0] as Value, 0); // N·K
  const byRow = concat([rowCount, integers(-1), promptSlots], 0); // [NK, RGT, P]
  const byRowHead = concat([rowCount, integers(-1, S)], 0); // [NK, RGT, S]
  const queriesByHead = concat([integers(-1), queryCount, integers(S)], 0); // [BK, GT, S]
  const keysByHead = concat([integers(-1), tokenCount, integers(S)], 0); // [BK, T, S]
  const apart = concat([integers(-1, K, G), tokenCount, integers(S)], 0); // [B, K, G, T, S]

  const splitQueries = (x: Value): Value =>
    single
      ? reshape(x, ['BK', G, S])
      : reshapeTo(transpose(reshape(x, ['B', T, K, G, S]), [0, 2, 3, 1, 4]), ['BK', GT, S], queriesByHead);
  const splitKeys = (x: Value): Value =>
    single
      ? reshape(x, ['BK', 1, S])
      : reshapeTo(transpose(reshape(x, ['B', T, K, S]), [0, 2, 1, 3]), ['BK', T, S], keysByHead);
  const joinHeads = (x: Value): Value =>
    single
      ? reshape(x, ['B', 1, H * S])
      : reshape(transpose(reshapeTo(x, ['B', K, G, T, S], apart), [0, 3, 1, 2, 4]), ['B', T, H * S]);

  return (layer, queries, keys, values) => {
    state.keys[layer] = keys;
    state.values[layer] = values;
    const [q, k, v] = [splitQueries(queries), splitKeys(keys), splitKeys(values)];

    const seated = reshapeTo(gather(q, rows), ['NK', 'RGT', S], byRowHead);
    const rowScores = matmul(seated, transposed(promptKeys[layer] as Value)); // [NK, RGT, P]
    const promptScores = reshapeTo(rowScores, ['NKR', GT, 'P'], byHead);
    const selfScores = byLane(single ? reduceSum(mul(q, k), [-1]) : matmul(q, transposed(k))); // [BiK, GT, T]

    const laneQueries = byLane(q);
    const shares = lanes.map((lane) => {
      const M = `M${lane}`;
      const ofPrompt = gather(promptScores, places[lane] as Value); // [BiK, GT, P]
      const ofOwn = matmul(laneQueries[lane] as Value, transposed(ownKeys[lane]?.[layer] as Value)); // [BiK, GT, Mi]
      const scores = concat([ofPrompt, ofOwn, selfScores[lane] as Value], -1, `P+${M}+T`);
      const masked = spreadAdd(scores, masks[lane] as Value);
      return split(softmax(masked), -1, parts[lane] as Value, ['P', M, T]);
    });
    const share = (part: number): Value[] => shares.map((ofLane) => ofLane[part] as Value);

    const rowShares = reshapeTo(gather(together(share(0)), rows), ['NK', 'RGT', 'P'], byRow);
    const fromPrompts = reshapeTo(matmul(rowShares, promptValues[layer] as Value), ['NKR', GT, S], queriesByHead);
    const fromPrompt = gather(fromPrompts, allPlaces); // [BK, GT, S]
    const fromOwn = together(share(1).map((part, lane) => matmul(part, ownValues[lane]?.[layer] as Value)));
    const fromSelf = single ? mul(together(share(2)), v) : matmul(together(share(2)), v); // [BK, GT, S]
    return joinHeads(add(add(fromPrompt, fromOwn), fromSelf));
  };
}

/** scores + mask, of whose middle size the graph only knows that it is 1 or that of the scores. */
const spreadAdd = (scores: Value, mask: Value): Value => add(scores, { ...mask, shape: mask.shape.with(1, 1) });
