import { type DeviceTensors, disposeOf } from '../graph/device.js';
import { floats, type TensorData } from '../graph/session.js';
import { microBatches } from '../rl/packing.js';
import type { DecoderConfig } from './architecture.js';
import {
  type BatchingLimits,
  checkRequest,
  emptyResult,
  type Generated,
  type Result,
  type SamplingSettings,
  type SequenceRequest,
  seatsFor,
} from './batching.js';
import { DeviceCache } from './device-cache.js';
import { type DeviceSeat, DeviceSeats } from './device-seats.js';
import type { DeviceSessions } from './device-sessions.js';
import { rotaryTables } from './rotary.js';
import { choiceFeeds } from './sampling.js';
import { stopTextReached } from './stop-texts.js';
import { sequenceFeeds } from './train-step.js';

/**
 * Batching where the cache is on the device. Rules:
 * - the number of seats stays the same from the first step to the last; one without a sequence is computed for nothing;
 * - seats are given in waves, when a quarter of them is free: a wave computes its prompts and copies the cache once;
 * - per token there go to the device a few numbers of each seat, and there come back two or three, however long the cache is;
 * - what a sequence draws depends on its own key and token count alone, not on its seat or its neighbours.
 */

/** The model that generates on a device, and what it may use. */
export interface DeviceGenerator {
  readonly config: DecoderConfig;
  readonly sessions: DeviceSessions;
  /** Inputs of the graphs that hold the weights, on the device. */
  readonly weights: Readonly<Record<string, TensorData>>;
  readonly limits: BatchingLimits;
  /** Throws when the work should be given up; it is called between tokens. */
  readonly stopped: () => void;
}

/** Padded tokens of prompts that are computed at a time. */
const PREFILL_TOKENS = 2048;
/** Slots for new tokens that the cache begins with. */
const FIRST_SLOTS = 32;

/** A sampled completion for each request, in their order: what `generate` of `batching.ts` gives, and throws. */
export async function generateOnDevice(
  { config, sessions, weights, limits, stopped }: DeviceGenerator,
  prompts: readonly (readonly number[])[],
  requests: readonly SequenceRequest[],
  settings: SamplingSettings,
): Promise<Generated[]> {
  checkRequest(config, prompts, settings);
  if (requests.length === 0) return [];
  const greedy = settings.temperature === 0;
  const results = requests.map(() => emptyResult(sessions.kind, greedy));
  const longestPrompt = Math.max(...prompts.map(({ length }) => length));
  const mostSlots = longestPrompt + settings.maxTokens;
  const seats = new DeviceSeats(Math.min(requests.length, seatsFor(config, limits, mostSlots)));
  const stops = new Set(settings.stops);
  const ended = ({ result, last, maxTokens }: DeviceSeat): boolean => {
    result.finished =
      stops.has(last) || (settings.stopTexts !== null && stopTextReached(settings.stopTexts, result.tokens));
    return result.finished || result.tokens.length === maxTokens;
  };
  const choice = choiceFeeds(settings);
  const firstSlots = longestPrompt + Math.min(FIRST_SLOTS, settings.maxTokens);
  const cache = await DeviceCache.create(config, sessions, seats.count, firstSlots);
  let tables: DeviceTensors = {};
  try {
    tables = await sessions.tables.copy(tablesOf(config, mostSlots, cache.slots));
    for (let next = 0; ; ) {
      if (next < requests.length && (seats.live === 0 || 4 * seats.free >= seats.count)) {
        const wave = requests.slice(next, next + seats.free).map((request, i): DeviceSeat => {
          const prompt = prompts[request.prompt] as readonly number[];
          const maxTokens = Math.min(settings.maxTokens, request.maxTokens ?? settings.maxTokens);
          const result = results[next + i] as Result;
          return { request, result, maxTokens, position: prompt.length - 1, last: prompt.at(-1) as number };
        });
        next += wave.length;
        await seatPrompts(config, sessions, weights, cache, prompts, seats.take(wave), seats.count);
      }
      if (seats.live === 0) return results;
      stopped();
      if (await cache.reserve(seats.longest, mostSlots)) {
        const wider = await sessions.tables.copy(tablesOf(config, mostSlots, cache.slots));
        disposeOf(tables);
        tables = wider;
      }
      const inputs = { ...weights, ...choice, ...tables, ...cache.feeds, ...seats.feeds(greedy) };
      const output = await sessions.step.runInto(cache.targets, inputs);
      seats.advance(output, ended);
    }
  } finally {
    cache.dispose();
    disposeOf(tables);
  }
}

/** Rotary tables and slot numbers, which a step reads where they are: on the device. */
const tablesOf = (config: DecoderConfig, positions: number, slots: number): Record<string, TensorData> => ({
  ...rotaryTables(config, positions),
  slots: floats(
    Float32Array.from({ length: slots }, (_, slot) => slot),
    slots,
  ),
});

/** Computes the prompts of newly taken seats, each once, and gives the seats their keys and values but for the last token's:
 *  that is the first step. */
async function seatPrompts(
  config: DecoderConfig,
  sessions: DeviceSessions,
  weights: Readonly<Record<string, TensorData>>,
  cache: DeviceCache,
  prompts: readonly (readonly number[])[],
  taken: ReadonlyMap<number, DeviceSeat>,
  seatCount: number,
): Promise<void> {
  const wanted = [...new Set([...taken.values()].map(({ request }) => request.prompt))];
  const lengths = wanted.map((prompt) => (prompts[prompt] as readonly number[]).length - 1);
  for (const batch of microBatches(lengths, PREFILL_TOKENS)) {
    const rows = batch.map((i) => prompts[wanted[i] as number] as readonly number[]);
    const placeOf = new Map(batch.map((i, place) => [wanted[i] as number, place]));
    const { feeds, width } = sequenceFeeds(config, rows, 1);
    if (width === 0) continue; // prompts of one token
    const computed = await sessions.prefill.run({ ...weights, ...feeds });
    try {
      const sources = Array.from(
        { length: seatCount },
        (_, seat) => placeOf.get(taken.get(seat)?.request.prompt ?? -1) ?? null,
      );
      await cache.seat(computed, width, sources);
    } finally {
      disposeOf(computed);
    }
  }
}
