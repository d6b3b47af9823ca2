import { UsageError } from '../errors.js';
import { floats, floatsOf, type GraphSession, integers, integersOf, type TensorData } from '../graph/session.js';
import { type StreamKey, uniform } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import { PromptCache } from './prompt-cache.js';
import { rotaryTables } from './rotary.js';
import { type Seat, SeatCache } from './seat-cache.js';

/**
 * Continuous batching. Rules:
 * - a sequence sits in one seat from its first token to its last; a seat that falls free is taken by the next in line;
 * - a prompt's keys and values are computed once and copied to each of its samples' seats;
 * - what a sequence draws depends on its own key and token count alone, not on its seat or its neighbours.
 */

export interface SamplingSettings {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly stops: readonly number[];
}

export interface SequenceRequest {
  /** Index into the prompts. */
  readonly prompt: number;
  readonly key: StreamKey;
}

export interface Generated {
  readonly tokens: number[];
  readonly logprobs: number[];
  readonly finished: boolean;
}

export interface DecodeSessions {
  readonly prefill: GraphSession;
  readonly decode: GraphSession;
}

/** Seats that one decode call fills: products with many rows run near the machine's limit. */
const SEAT_COUNT = 256;
/** Tokens a call decodes: a sequence that ends inside a chunk idles to its end, a shorter chunk costs more calls. */
const CHUNK = 8;

/** A sampled completion for each request, in their order.
 *  @throws UsageError for an empty prompt, and for one that leaves no room in the context. */
export async function generate(
  config: DecoderConfig,
  sessions: DecodeSessions,
  weights: Readonly<Record<string, TensorData>>,
  prompts: readonly (readonly number[])[],
  requests: readonly SequenceRequest[],
  settings: SamplingSettings,
  stopped: () => void,
): Promise<Generated[]> {
  for (const prompt of prompts) checkPrompt(prompt, config, settings);
  const results: Generated[] = requests.map(() => ({ tokens: [], logprobs: [], finished: false }));
  const longest = Math.max(0, ...prompts.map((prompt) => prompt.length)) + settings.maxTokens;
  const room = new SeatCache(config, Math.min(SEAT_COUNT, requests.length), longest);
  const prefilled = new PromptCache(config, sessions.prefill, weights, prompts);
  const stops = new Set(settings.stops);
  const rotary = rotaryTables(config, longest + CHUNK); // the last chunk may run past a sequence's end
  const seats: Seat[] = [];
  const free = Array.from({ length: room.seatCount }, (_, i) => room.seatCount - 1 - i);
  let next = 0;

  for (;;) {
    while (free.length > 0 && next < requests.length) {
      const request = requests[next] as SequenceRequest;
      const prompt = prompts[request.prompt] as readonly number[];
      const slot = free.pop() as number;
      room.seat(slot, await prefilled.get(request.prompt), prompt.length - 1);
      seats.push({ slot, request: next, key: request.key, cached: prompt.length - 1, last: prompt.at(-1) as number });
      next++;
    }
    if (seats.length === 0) return results;
    stopped();
    const chunk = Math.min(CHUNK, settings.maxTokens);
    const output = await sessions.decode.run({
      ...weights,
      ...rotary,
      ...room.feeds(seats),
      ...samplingFeeds(seats, results, settings, chunk),
    });
    room.append(seats, output, chunk);
    collect(seats, results, output, chunk, settings.maxTokens, stops, free);
  }
}

function checkPrompt(prompt: readonly number[], config: DecoderConfig, settings: SamplingSettings): void {
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

function samplingFeeds(
  seats: readonly Seat[],
  results: readonly Generated[],
  settings: SamplingSettings,
  chunk: number,
): Record<string, TensorData> {
  const B = seats.length;
  const uniforms = new Float32Array(chunk * B);
  seats.forEach((seat, b) => {
    const drawn = results[seat.request]?.tokens.length ?? 0;
    for (let t = 0; t < chunk; t++) uniforms[t * B + b] = uniform(seat.key, drawn + t);
  });
  const greedy = settings.temperature === 0;
  return {
    token: integers(
      BigInt64Array.from(seats, (seat) => BigInt(seat.last)),
      B,
    ),
    position: integers(
      BigInt64Array.from(seats, (seat) => BigInt(seat.cached)),
      B,
    ),
    uniforms: floats(uniforms, chunk, B),
    inverseTemperature: floats(new Float32Array(B).fill(greedy ? 1 : 1 / settings.temperature), B, 1),
    greedy: floats(new Float32Array(B).fill(greedy ? 1 : 0), B),
    topP: floats(new Float32Array(B).fill(settings.topP), B, 1),
  };
}

/** Takes each seat's new tokens up to its end; seats that ended leave `seats` and are free. */
function collect(
  seats: Seat[],
  results: readonly Generated[],
  output: Record<string, TensorData>,
  chunk: number,
  maxTokens: number,
  stops: ReadonlySet<number>,
  free: number[],
): void {
  const B = seats.length;
  const tokens = integersOf(output, 'tokens');
  const logprobs = floatsOf(output, 'logprobs');
  let kept = 0;
  for (let b = 0; b < B; b++) {
    const seat = seats[b] as Seat;
    const result = results[seat.request] as { tokens: number[]; logprobs: number[]; finished: boolean };
    let ended = false;
    for (let t = 0; t < chunk && !ended; t++) {
      const token = Number(tokens[t * B + b]);
      result.tokens.push(token);
      result.logprobs.push(logprobs[t * B + b] as number);
      result.finished = stops.has(token);
      ended = result.finished || result.tokens.length === maxTokens;
    }
    if (ended) free.push(seat.slot);
    else {
      seat.cached += chunk;
      seat.last = result.tokens.at(-1) as number;
      seats[kept++] = seat;
    }
  }
  seats.length = kept;
}
