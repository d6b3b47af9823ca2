import { NumericalError, UsageError } from '../errors.js';
import { floats, floatsOf, type GraphSession, integers, integersOf, type TensorData } from '../graph/session.js';
import { type StreamKey, uniform } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import type { Arena } from './arena.js';
import { inPairs, Lane, laneSlotCounts, type Seat } from './lane.js';
import type { Prefill } from './prefill.js';
import { PromptCache } from './prompt-cache.js';
import { PromptRows } from './prompt-rows.js';
import { rotaryTables } from './rotary.js';
import { choiceScalars, type SamplingKind, samplingKind, type TokenChoice } from './sampling.js';
import { LANE_SIZES, lanePlacesName, ROWS } from './seat-attention.js';
import { type StopTexts, stopTextReached } from './stop-texts.js';

/**
 * Continuous batching. Rules:
 * - every call of the graph gives each seated sequence its next token; one that ends gives its seat to the next in line
 *   before the next call, so no seat is computed for nothing;
 * - a sequence begins in the lane of the shortest and moves on to a longer one when its own is full;
 * - a prompt's keys and values are computed once and shared by its samples;
 * - what a sequence draws depends on its own key and token count alone, not on its seat or its neighbours.
 */

export interface SamplingSettings extends TokenChoice {
  readonly maxTokens: number;
  /** Tokens that end a sequence; the ending one is part of it. */
  readonly stops: readonly number[];
  /** Texts that end a sequence; null for none. */
  readonly stopTexts: StopTexts | null;
}

/** Settings that sample from the model's own distribution where nothing else is said. */
export function samplingSettings(
  settings: Pick<SamplingSettings, 'maxTokens' | 'stops'> & Partial<SamplingSettings>,
): SamplingSettings {
  return { temperature: 1, topP: 1, topK: 0, minP: 0, stopTexts: null, ...settings };
}

export interface SequenceRequest {
  /** Index into the prompts. */
  readonly prompt: number;
  readonly key: StreamKey;
  /** Its own limit, where it is lower than everyone's. */
  readonly maxTokens?: number;
}

export interface Generated {
  readonly tokens: number[];
  /** Of the distribution each token was drawn from. */
  readonly logprobs: number[];
  /** Of the model's own distribution: the same array where nothing was tempered or cut. */
  readonly untemperedLogprobs: number[];
  readonly finished: boolean;
}

/** The graphs of generation, made when first asked for. */
export interface DecodeSessions {
  readonly prefill: Prefill;
  decode(laneCount: number, sampling: SamplingKind): Promise<GraphSession>;
  /** Whether there is one graph for everything, because each would hold the weights of a large model anew: then all seats
   *  are in one lane, and greedy is the limit of a low temperature. */
  readonly single: boolean;
}

/** How many sequences decode together, and what shapes the work takes. */
export interface BatchingLimits {
  /** Seats: products with many rows run near the machine's limit, but the cache of too many leaves the processor's. */
  readonly seatCount: number;
  /** Bytes that the seats' keys and values may take; a large model has fewer seats. */
  readonly cacheBytes: number;
}

export const BATCHING_LIMITS: BatchingLimits = { seatCount: 256, cacheBytes: 4 * 2 ** 30 };

/** Samples that share a row of prompt slots, at most. */
const ROW_PLACES = 16;

/** A sampled completion for each request, in their order.
 *  @throws UsageError for an empty prompt, and for one that leaves no room in the context; NumericalError where the
 *  model's logits are not numbers. */
export async function generate(
  config: DecoderConfig,
  sessions: DecodeSessions,
  weights: Readonly<Record<string, TensorData>>,
  prompts: readonly (readonly number[])[],
  requests: readonly SequenceRequest[],
  settings: SamplingSettings,
  arena: Arena,
  limits: BatchingLimits,
  stopped: () => void,
): Promise<Generated[]> {
  checkRequest(config, prompts, settings);
  const kind = servedKind(samplingKind(settings), sessions.single);
  const greedy = settings.temperature === 0;
  const results = requests.map(() => emptyResult(kind, greedy));
  const promptSlotCount = Math.max(1, ...prompts.map((prompt) => prompt.length - 1));
  const prefilled = new PromptCache(sessions.prefill, prompts, requests);
  const rows = new PromptRows(config, arena, placesOfRows(requests), promptSlotCount);
  const lanes = laneSlotCounts(settings.maxTokens).map((count) => new Lane(config, arena, count, promptSlotCount));
  const constants = {
    ...weights,
    ...rotaryTables(config, promptSlotCount + settings.maxTokens + 1),
    ...Object.fromEntries(
      Object.entries(choiceScalars(settings)).map(([name, x]) => [name, floats(Float32Array.of(x))]),
    ),
  };
  const seatCount = seatsFor(config, limits, promptSlotCount + settings.maxTokens);
  const stops = new Set(settings.stops);
  let [live, next] = [0, 0];

  for (;;) {
    for (; live < seatCount && next < requests.length; live++, next++) {
      const request = requests[next] as SequenceRequest;
      const entry = await prefilled.take(request.prompt);
      const row = rows.find(request.prompt) ?? rows.open(request.prompt, entry);
      const prompt = prompts[request.prompt] as readonly number[];
      const lane = (sessions.single ? lanes.findLast(({ seats }) => seats.length > 0) : undefined) ?? lanes[0];
      lane?.push({
        request: next,
        key: request.key,
        row,
        place: row.freePlaces.pop() as number,
        maxTokens: Math.min(settings.maxTokens, request.maxTokens ?? settings.maxTokens),
        position: prompt.length - 1,
        last: prompt.at(-1) as number,
        ownCount: 0,
      });
    }
    if (live === 0) return results;
    stopped();
    const used = lanes.filter(({ seats }) => seats.length > 0);
    const session = await sessions.decode(used.length, kind);
    const output = await session.run({ ...constants, ...stepFeeds(config, used, rows, results, greedy) });
    live = advance(lanes, used, rows, results, output, (seat, result) => {
      result.finished =
        stops.has(seat.last) || (settings.stopTexts !== null && stopTextReached(settings.stopTexts, result.tokens));
      return result.finished || result.tokens.length === seat.maxTokens;
    });
    if (sessions.single) gatherInOneLane(lanes);
  }
}

/** The kind of graph that serves a choice: where there is only one, it is that of the widest use. */
function servedKind(kind: SamplingKind, single: boolean): SamplingKind {
  return single && kind !== 'truncated' ? 'tempered' : kind;
}

/** Moves all seats to the longest lane that has any. */
function gatherInOneLane(lanes: readonly Lane[]): void {
  const target = lanes.findLast(({ seats }) => seats.length > 0);
  for (const lane of lanes) {
    for (let index = lane.seats.length - 1; index >= 0 && lane !== target; index--) {
      target?.push(lane.seats[index] as Seat, { lane, index });
      lane.remove(index);
    }
  }
}

type Result = { -readonly [Key in keyof Generated]: Generated[Key] };

function emptyResult(kind: SamplingKind, greedy: boolean): Result {
  const logprobs: number[] = [];
  const untemperedLogprobs = greedy || kind === 'plain' ? logprobs : [];
  return { tokens: [], logprobs, untemperedLogprobs, finished: false };
}

function checkRequest(
  config: DecoderConfig,
  prompts: readonly (readonly number[])[],
  settings: SamplingSettings,
): void {
  for (const prompt of prompts) {
    if (prompt.length === 0) throw new UsageError('a prompt is empty; give it at least one token');
    if (prompt.length + settings.maxTokens > config.maxPositions) {
      throw new UsageError(
        `a prompt of ${prompt.length} tokens and ${settings.maxTokens} new ones do not fit the model's ${config.maxPositions} positions`,
      );
    }
    const wrong = prompt.find((token) => !(token >= 0 && token < config.vocabularySize));
    if (wrong !== undefined)
      throw new UsageError(`a prompt has the token ${wrong}, and the model knows 0 to ${config.vocabularySize - 1}`);
  }
}

/** Places of a row: all samples of a prompt in one, or in as few rows of nearly equal size as may be. */
function placesOfRows(requests: readonly SequenceRequest[]): number {
  const samples = new Map<number, number>();
  for (const { prompt } of requests) samples.set(prompt, (samples.get(prompt) ?? 0) + 1);
  const most = Math.max(1, ...samples.values());
  return Math.ceil(most / Math.ceil(most / ROW_PLACES));
}

/** Seats that fit the limits when every sequence has its greatest length. */
function seatsFor(config: DecoderConfig, limits: BatchingLimits, longest: number): number {
  const bytes = 4 * 2 * config.layerCount * config.keyValueHeadCount * config.headSize * longest;
  return Math.max(1, Math.min(limits.seatCount, Math.floor(limits.cacheBytes / bytes)));
}

/** What changes from token to token; seat numbers count through the lanes. */
function stepFeeds(
  config: DecoderConfig,
  lanes: readonly Lane[],
  rows: PromptRows,
  results: readonly Generated[],
  greedy: boolean,
): Record<string, TensorData> {
  const K = config.keyValueHeadCount;
  const seats = lanes.flatMap((lane) => lane.seats);
  const B = seats.length;
  const [R, N] = [rows.placeCount, rows.rows.length];
  const [token, position, taken] = [new Int64Array(B), new Int64Array(B), new Int64Array(N * K * R)];
  const uniforms = new Float32Array(B);
  const feeds: Record<string, TensorData> = {};
  let b = 0;
  for (const [number, lane] of lanes.entries()) {
    const places = new Int64Array(lane.seats.length * K);
    for (const [index, seat] of lane.seats.entries()) {
      token.set(b, seat.last);
      position.set(b, seat.position);
      uniforms[b] = greedy ? 0 : uniform(seat.key, (results[seat.request] as Generated).tokens.length);
      for (let k = 0; k < K; k++) {
        const place = (seat.row.index * K + k) * R + seat.place;
        places.set(index * K + k, place);
        taken.set(place, b * K + k);
      }
      b++;
    }
    feeds[lanePlacesName(number)] = integers(places.data, places.data.length);
    Object.assign(feeds, lane.feeds(number));
  }
  return {
    ...feeds,
    ...rows.feeds(),
    token: integers(token.data, B, 1),
    position: integers(position.data, B, 1),
    last: integers(
      BigInt64Array.from({ length: B }, (_, index) => BigInt(index)),
      B,
    ),
    uniforms: floats(uniforms, B, 1),
    [ROWS]: integers(taken.data, N, K, R),
    [LANE_SIZES]: integers(
      BigInt64Array.from(lanes, ({ seats }) => BigInt(seats.length * K)),
      lanes.length,
    ),
  };
}

/** Gives each seat its new token. Sequences that ended leave; the others' keys and values go to their slots, in the next
 *  lane where their own is full. Returns how many are still seated. */
function advance(
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
      const logprob = logprobs[b] as number;
      if (!(logprob <= 0)) throw notANumber(logprob);
      result.tokens.push(seat.last);
      const untemperedLogprob = untempered?.[b] ?? logprob;
      const same = result.logprobs === result.untemperedLogprobs;
      result.logprobs.push(same ? untemperedLogprob : logprob);
      if (!same) result.untemperedLogprobs.push(untemperedLogprob);
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
