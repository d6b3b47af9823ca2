import { UsageError } from '../errors.js';
import type { GraphSession, TensorData } from '../graph/session.js';
import type { StreamKey } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import type { Arena } from './arena.js';
import { advance, setStepInputs } from './decode-step.js';
import { Lane, laneSlotCounts, type Seat } from './lane.js';
import type { Prefill } from './prefill.js';
import { PromptCache } from './prompt-cache.js';
import { PromptRows } from './prompt-rows.js';
import { rotaryTables } from './rotary.js';
import { choiceFeeds, type SamplingKind, type TokenChoice } from './sampling.js';
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
  decode(laneCount: number): Promise<GraphSession>;
  /** How the decode graphs sample. */
  readonly kind: SamplingKind;
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

/** The model that generates, and what it may use. */
export interface Generator {
  readonly config: DecoderConfig;
  readonly sessions: DecodeSessions;
  /** Inputs of the graphs that hold the weights. */
  readonly weights: Readonly<Record<string, TensorData>>;
  readonly arena: Arena;
  readonly limits: BatchingLimits;
  /** Throws when the work should be given up; it is called between tokens. */
  readonly stopped: () => void;
}

/** A sampled completion for each request, in their order.
 *  @throws UsageError for an empty prompt, and for one that leaves no room in the context; NumericalError where the
 *  model's logits are not numbers. */
export async function generate(
  { config, sessions, weights, arena, limits, stopped }: Generator,
  prompts: readonly (readonly number[])[],
  requests: readonly SequenceRequest[],
  settings: SamplingSettings,
): Promise<Generated[]> {
  checkRequest(config, prompts, settings);
  const { kind } = sessions;
  const greedy = settings.temperature === 0;
  const results = requests.map(() => emptyResult(kind, greedy));
  const promptSlotCount = Math.max(1, ...prompts.map((prompt) => prompt.length - 1));
  const prefilled = new PromptCache(sessions.prefill, prompts, requests);
  const rows = new PromptRows(config, arena, placesOfRows(requests), promptSlotCount);
  const lanes = laneSlotCounts(settings.maxTokens).map((count) => new Lane(config, arena, count, promptSlotCount));
  // What the graph reads; each call replaces what changes from token to token.
  const inputs: Record<string, TensorData> = {
    ...weights,
    ...rotaryTables(config, promptSlotCount + settings.maxTokens + 1),
    ...choiceFeeds(settings),
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
    const session = await sessions.decode(used.length);
    setStepInputs(inputs, config, used, rows, results, greedy);
    const output = await session.run(inputs);
    live = advance(lanes, used, rows, results, output, (seat, result) => {
      result.finished =
        stops.has(seat.last) || (settings.stopTexts !== null && stopTextReached(settings.stopTexts, result.tokens));
      return result.finished || result.tokens.length === seat.maxTokens;
    });
    if (sessions.single) gatherInOneLane(lanes);
  }
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

/** A sequence's result while it grows. */
export type Result = { -readonly [Key in keyof Generated]: Generated[Key] };

export function emptyResult(kind: SamplingKind, greedy: boolean): Result {
  const logprobs: number[] = [];
  const untemperedLogprobs = greedy || kind === 'plain' ? logprobs : [];
  return { tokens: [], logprobs, untemperedLogprobs, finished: false };
}

/** @throws UsageError for an empty prompt, one with a token beyond the vocabulary, and one that leaves no room. */
export function checkRequest(
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
export function seatsFor(config: DecoderConfig, limits: BatchingLimits, longest: number): number {
  const bytes = 4 * 2 * config.layerCount * config.keyValueHeadCount * config.headSize * longest;
  return Math.max(1, Math.min(limits.seatCount, Math.floor(limits.cacheBytes / bytes)));
}
