import { NumericalError } from '../errors.js';
import { floats, floatsOf, integers, integersOf, type TensorData } from '../graph/session.js';
import { uniform } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import type { Generated, Result } from './batching.js';
import { inPairs, type Lane, type Seat } from './lane.js';
import type { PromptRows } from './prompt-rows.js';
import { LANE_SIZES, lanePlacesName, ROWS } from './seat-attention.js';

/** One token of everyone seated: what goes into the decode graph besides constants, and what is made of what comes out. */

/** Sets the inputs that change from token to token; seat numbers count through the lanes. */
export function setStepInputs(
  inputs: Record<string, TensorData>,
  config: DecoderConfig,
  lanes: readonly Lane[],
  rows: PromptRows,
  results: readonly Generated[],
  greedy: boolean,
): void {
  const K = config.keyValueHeadCount;
  const B = lanes.reduce((sum, { seats }) => sum + seats.length, 0);
  const [R, N] = [rows.placeCount, rows.rows.length];
  const [token, position, last] = [new Int64Array(B), new Int64Array(B), new Int64Array(B)];
  const [taken, laneSizes] = [new Int64Array(N * K * R), new Int64Array(lanes.length)];
  const uniforms = new Float32Array(B);
  let b = 0;
  for (const [number, lane] of lanes.entries()) {
    const places = new Int64Array(lane.seats.length * K);
    laneSizes.set(number, lane.seats.length * K);
    for (const [index, seat] of lane.seats.entries()) {
      token.set(b, seat.last);
      position.set(b, seat.position);
      last.set(b, b);
      uniforms[b] = greedy ? 0 : uniform(seat.key, (results[seat.request] as Generated).tokens.length);
      for (let k = 0; k < K; k++) {
        const place = (seat.row.index * K + k) * R + seat.place;
        places.set(index * K + k, place);
        taken.set(place, b * K + k);
      }
      b++;
    }
    inputs[lanePlacesName(number)] = integers(places.data, places.data.length);
    Object.assign(inputs, lane.feeds(number));
  }
  Object.assign(inputs, rows.feeds(), {
    token: integers(token.data, B, 1),
    position: integers(position.data, B, 1),
    last: integers(last.data, B),
    uniforms: floats(uniforms, B, 1),
    [ROWS]: integers(taken.data, N, K, R),
    [LANE_SIZES]: integers(laneSizes.data, lanes.length),
  });
}

/** Gives each seat its new token. Sequences that ended leave; the others' keys and values go to their slots, in the next
 *  lane where their own is full. Returns how many are still seated. */
export function advance(
  all: readonly Lane[],
  used: readonly Lane[],
  rows: PromptRows,
  results: readonly Result[],
  output: Record<string, TensorData>,
  ended: (seat: Seat, result: Result) => boolean,
): number {
  const tokens = lowWords(integersOf(output, 'tokens'));
  const logprobs = floatsOf(output, 'logprobs');
  const untempered = 'untemperedLogprobs' in output ? floatsOf(output, 'untemperedLogprobs') : null;
  const state = floatsOf(output, 'state');
  const stride = state.length / logprobs.length;
  const pairs = inPairs(state);
  let b = logprobs.length;
  let live = 0;
  // From the last to the first: whoever moves into a free seat, or into the next lane, has had its turn.
  for (const lane of used.toReversed()) {
    for (let index = lane.seats.length - 1; index >= 0; index--) {
      b--;
      const seat = lane.seats[index] as Seat;
      const result = results[seat.request] as Result;
      seat.last = tokens[2 * b] as number;
      seat.position++;
      addToken(result, seat.last, logprobs[b] as number, untempered?.[b]);
      if (ended(seat, result)) {
        lane.remove(index);
        rows.leave(seat.row, seat.place);
        continue;
      }
      live++;
      if (seat.ownCount < lane.slotCount) lane.append(index, pairs, b * stride);
      else {
        const next = all[all.indexOf(lane) + 1] as Lane;
        next.push(seat, { lane, index });
        lane.remove(index);
        next.append(next.seats.length - 1, pairs, b * stride);
      }
    }
  }
  return live;
}

/** Adds a sequence's newest token. @throws NumericalError where its log-probability is none. */
export function addToken(result: Result, token: number, logprob: number, untempered: number | undefined): void {
  if (!(logprob <= 0)) throw notANumber(logprob);
  result.tokens.push(token);
  const untemperedLogprob = untempered ?? logprob;
  const same = result.logprobs === result.untemperedLogprobs;
  result.logprobs.push(same ? untemperedLogprob : logprob);
  if (!same) result.untemperedLogprobs.push(untemperedLogprob);
}

function notANumber(logprob: number): NumericalError {
  return new NumericalError(
    `the model gave a token the log-probability ${logprob}; its weights are broken, or its logits too large to add up`,
    { details: { tensor: 'logits' } },
  );
}

/** Whole numbers below 2³¹ as int64, written without a BigInt each: the low word of each, on a little-endian machine as
 *  all that ONNX Runtime is built for. */
class Int64Array {
  readonly data: BigInt64Array;
  private readonly words: Int32Array;
  constructor(length: number) {
    this.data = new BigInt64Array(length);
    this.words = lowWords(this.data);
  }
  set(index: number, x: number): void {
    this.words[2 * index] = x;
  }
}

const lowWords = (data: BigInt64Array): Int32Array => new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
