import { floats, floatsOf, type TensorData } from '../graph/session.js';
import type { StreamKey } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import { keysName, valuesName } from './decode.js';
import type { PromptEntry } from './prompt-cache.js';

/** A sequence under way, and where its keys and values lie. */
export interface Seat {
  readonly slot: number;
  readonly request: number;
  readonly key: StreamKey;
  /** Tokens whose keys and values are in the cache. */
  cached: number;
  last: number;
}

/** Keys and values of everyone seated, a fixed stretch for each seat: [seat, K, longest, S] for each layer. */
export class SeatCache {
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
