import { UsageError } from '../errors.js';
import { floats, floatsOf, type GraphSession, integers, integersOf, type TensorData } from '../graph/session.js';
import { type StreamKey, uniform } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import { keysName, valuesName } from './decode.js';
import { rotaryTables } from './rotary.js';
import { sequenceFeeds } from './train-step.js';

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
const PREFILL_BATCH = 64;

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
  const rotary = rotaryTables(config, longest);
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

interface Seat {
  readonly slot: number;
  readonly request: number;
  readonly key: StreamKey;
  /** Tokens whose keys and values are in the cache. */
  cached: number;
  last: number;
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

/** Keys and values of everyone seated, a fixed stretch for each seat: [seat, K, longest, S] for each layer. */
class SeatCache {
  private readonly keys: Float32Array[];
  private readonly values: Float32Array[];
  /** What the graph reads, packed to the longest sequence seated; grown, never shrunk. */
  private packed: Float32Array[] = [];

  constructor(
    private readonly config: DecoderConfig,
    readonly seatCount: number,
    private readonly longest: number,
  ) {
    const size = seatCount * config.keyValueHeadCount * longest * config.headSize;
    const perLayer = (): Float32Array[] => Array.from({ length: config.layerCount }, () => new Float32Array(size));
    this.keys = perLayer();
    this.values = perLayer();
  }

  /** Copies a prompt's `count` first keys and values, [K, stride, S] of each layer, to a seat. */
  seat(slot: number, prompt: PromptEntry, count: number): void {
    if (count === 0) return;
    const { keyValueHeadCount: K, headSize: S } = this.config;
    for (let layer = 0; layer < this.config.layerCount; layer++) {
      for (let k = 0; k < K; k++) {
        const to = (slot * K + k) * this.longest * S;
        const from = (prompt.row * K + k) * prompt.stride * S;
        this.keys[layer]?.set((prompt.keys[layer] as Float32Array).subarray(from, from + count * S), to);
        this.values[layer]?.set((prompt.values[layer] as Float32Array).subarray(from, from + count * S), to);
      }
    }
  }

  feeds(seats: readonly Seat[]): Record<string, TensorData> {
    const { keyValueHeadCount: K, headSize: S, layerCount } = this.config;
    const [B, M] = [seats.length, Math.max(1, ...seats.map((seat) => seat.cached))];
    const size = B * K * M * S;
    if ((this.packed[0]?.length ?? 0) < size)
      this.packed = Array.from({ length: 2 * layerCount }, () => new Float32Array(size));
    const mask = new Float32Array(B * M);
    for (const [b, seat] of seats.entries()) mask.fill(-1e9, b * M + seat.cached, (b + 1) * M);
    const feeds: Record<string, TensorData> = { cacheMask: floats(mask, B, 1, 1, M) };
    for (let layer = 0; layer < layerCount; layer++) {
      for (const [half, name, store] of [
        [0, 'cachedKeys', this.keys],
        [1, 'cachedValues', this.values],
      ] as const) {
        const to = this.packed[2 * layer + half] as Float32Array;
        const from = store[layer] as Float32Array;
        seats.forEach((seat, b) => {
          for (let k = 0; k < K; k++) {
            const start = (seat.slot * K + k) * this.longest * S;
            to.set(from.subarray(start, start + seat.cached * S), (b * K + k) * M * S);
          }
        });
        feeds[`${name}${layer}`] = floats(to.subarray(0, size), B, K, M, S);
      }
    }
    return feeds;
  }

  /** Keeps a chunk's keys and values [B, K, C, S]; what would pass the end belongs to sequences that end inside. */
  append(seats: readonly Seat[], output: Record<string, TensorData>, chunk: number): void {
    const { keyValueHeadCount: K, headSize: S, layerCount } = this.config;
    for (let layer = 0; layer < layerCount; layer++) {
      for (const [name, store] of [
        [keysName(layer), this.keys],
        [valuesName(layer), this.values],
      ] as const) {
        const from = floatsOf(output, name);
        const to = store[layer] as Float32Array;
        seats.forEach((seat, b) => {
          const count = Math.min(chunk, this.longest - seat.cached);
          for (let k = 0; k < K; k++) {
            const start = (b * K + k) * chunk * S;
            to.set(from.subarray(start, start + count * S), ((seat.slot * K + k) * this.longest + seat.cached) * S);
          }
        });
      }
    }
  }
}

interface PromptEntry {
  /** Of each layer, [batch, K, stride, S], shared with the prompts of the same prefill. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly row: number;
  readonly stride: number;
}

/** Prefills prompts a batch at a time, in the order in which they are asked for, and forgets the batch before. */
class PromptCache {
  private entries = new Map<number, PromptEntry>();

  constructor(
    private readonly config: DecoderConfig,
    private readonly session: GraphSession,
    private readonly weights: Readonly<Record<string, TensorData>>,
    private readonly prompts: readonly (readonly number[])[],
  ) {}

  async get(index: number): Promise<PromptEntry> {
    const known = this.entries.get(index);
    if (known !== undefined) return known;
    const batch = this.prompts.slice(index, index + PREFILL_BATCH);
    const { feeds, width } = this.feeds(batch);
    const output = width === 0 ? {} : await this.session.run({ ...this.weights, ...feeds });
    const layers = Array.from({ length: width === 0 ? 0 : this.config.layerCount }, (_, layer) => layer);
    const keys = layers.map((layer) => floatsOf(output, keysName(layer)));
    const values = layers.map((layer) => floatsOf(output, valuesName(layer)));
    this.entries = new Map(batch.map((_, row) => [index + row, { keys, values, row, stride: width }]));
    return this.entries.get(index) as PromptEntry;
  }

  /** The last token of each prompt is left to the decoder, whose first step it is; so is a prompt of one token. */
  private feeds(batch: readonly (readonly number[])[]): {
    readonly feeds: Record<string, TensorData>;
    readonly width: number;
  } {
    if (batch.every((prompt) => prompt.length === 1)) return { feeds: {}, width: 0 };
    return sequenceFeeds(this.config, batch);
  }
}
