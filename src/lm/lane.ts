import { floats, type TensorData } from '../graph/session.js';
import type { StreamKey } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import type { Arena } from './arena.js';
import type { Row } from './prompt-rows.js';
import { laneKeysName, laneMaskName, laneValuesName } from './seat-attention.js';

/** A sequence under way. */
export interface Seat {
  readonly request: number;
  readonly key: StreamKey;
  readonly row: Row;
  readonly place: number;
  /** Most tokens it may have. */
  readonly maxTokens: number;
  /** Place of its newest token in the whole sequence. */
  position: number;
  /** The newest token, whose keys and values are not in the cache yet. */
  last: number;
  /** Slots that hold its own keys and values: of the prompt's last token, and of its own but for the newest. */
  ownCount: number;
}

/** Floats copied two at a time, as the 8 bytes of a double. No two finite floats look like a double that is not a number,
 *  whose bits a copy could change. */
export type Pairs = Float64Array;
export const inPairs = (data: Float32Array): Pairs =>
  new Float64Array(data.buffer, data.byteOffset, Math.floor(data.length / 2));

const HIDDEN = -1e9;

/**
 * Seats of about the same length, and their own keys and values [seat, K, slot, S] of each layer: densely packed, so that
 * the graph reads the front of each buffer and nothing is copied for it. Where a seat leaves, the last one moves in.
 */
export class Lane {
  readonly seats: Seat[] = [];
  /** Keys and values of each layer in turn. */
  private caches: Float32Array[] = [];
  private pairs: Pairs[] = [];
  /** [seat, K, prompt slots + own slots + 1], as `seat-attention.ts` wants it. */
  private mask: Float32Array = new Float32Array(0);
  private room = 0;
  private fed: {
    readonly lane: number;
    readonly seatCount: number;
    readonly feeds: Record<string, TensorData>;
  } | null = null;

  constructor(
    private readonly config: DecoderConfig,
    private readonly arena: Arena,
    /** Own slots of each seat. */
    readonly slotCount: number,
    private readonly promptSlotCount: number,
  ) {}

  /** Seats a sequence, with its own keys and values where it comes from another lane. */
  push(seat: Seat, from?: { readonly lane: Lane; readonly index: number }): void {
    const index = this.seats.push(seat) - 1;
    this.reserve(this.seats.length);
    if (from !== undefined) this.copyCache(from.lane, from.index, index);
    const width = this.maskWidth;
    const size = width * this.config.keyValueHeadCount;
    const own = this.mask.subarray(index * size, (index + 1) * size).fill(HIDDEN);
    for (let start = 0; start < size; start += width) {
      own.fill(0, start, start + seat.row.slotCount);
      own.fill(0, start + this.promptSlotCount, start + this.promptSlotCount + seat.ownCount);
      own[start + width - 1] = 0;
    }
  }

  /** Takes a seat away; the last one moves to its index. */
  remove(index: number): void {
    const last = this.seats.pop();
    if (last === undefined || index === this.seats.length) return;
    this.seats[index] = last;
    this.copyCache(this, this.seats.length, index);
    const size = this.maskWidth * this.config.keyValueHeadCount;
    this.mask.copyWithin(index * size, this.seats.length * size, (this.seats.length + 1) * size);
  }

  /** Writes the newest token's keys and values, [2L, K, S] at `offset` of `state`, to the seat's next slot. */
  append(index: number, state: Pairs, offset: number): void {
    const { keyValueHeadCount: K, headSize } = this.config;
    const S = headSize / 2; // pairs
    const seat = this.seats[index] as Seat;
    let from = offset / 2;
    for (const cache of this.pairs) {
      for (let k = 0; k < K; k++) {
        // Plain loops: a `subarray` for each of these few dozen numbers costs more than copying them.
        const to = ((index * K + k) * this.slotCount + seat.ownCount) * S;
        for (let s = 0; s < S; s++) cache[to + s] = state[from + s] as number;
        from += S;
      }
    }
    const width = this.maskWidth;
    for (let k = 0; k < K; k++) this.mask[(index * K + k) * width + this.promptSlotCount + seat.ownCount] = 0;
    seat.ownCount++;
  }

  /** Inputs of the graph's lane number `lane`. */
  feeds(lane: number): Record<string, TensorData> {
    const seatCount = this.seats.length;
    if (this.fed !== null && this.fed.lane === lane && this.fed.seatCount === seatCount) return this.fed.feeds;
    const { keyValueHeadCount: K, headSize: S } = this.config;
    const heads = seatCount * K;
    const feeds: Record<string, TensorData> = {
      [laneMaskName(lane)]: floats(this.mask.subarray(0, heads * this.maskWidth), heads, 1, this.maskWidth),
    };
    for (const [i, cache] of this.caches.entries()) {
      const name = (i % 2 === 0 ? laneKeysName : laneValuesName)(lane, i >> 1);
      feeds[name] = floats(cache.subarray(0, heads * this.slotCount * S), heads, this.slotCount, S);
    }
    this.fed = { lane, seatCount, feeds };
    return feeds;
  }

  private get maskWidth(): number {
    return this.promptSlotCount + this.slotCount + 1;
  }

  private copyCache(from: Lane, fromIndex: number, toIndex: number): void {
    const { keyValueHeadCount: K, headSize: S } = this.config;
    const size = (this.seats[toIndex] as Seat).ownCount * S;
    for (const [i, cache] of this.caches.entries()) {
      const source = from.caches[i] as Float32Array;
      for (let k = 0; k < K; k++) {
        const start = (fromIndex * K + k) * from.slotCount * S;
        cache.set(source.subarray(start, start + size), (toIndex * K + k) * this.slotCount * S);
      }
    }
  }

  private reserve(seatCount: number): void {
    if (seatCount <= this.room) return;
    this.room = Math.max(seatCount, Math.ceil(1.5 * this.room));
    const { keyValueHeadCount: K, headSize: S, layerCount } = this.config;
    const size = this.room * K * this.slotCount * S;
    this.caches = Array.from({ length: 2 * layerCount }, (_, i) =>
      this.arena.get(`${this.slotCount} slots ${i}`, size),
    );
    this.pairs = this.caches.map(inPairs);
    this.mask = this.arena.get(`mask of ${this.slotCount} slots`, this.room * K * this.maskWidth);
    this.fed = null;
  }
}

/** Own slots of the lanes that serve sequences of up to `longest` slots, each twice the one before. More lanes would pad
 *  less, and cost more operators and moves: two to four measured fastest. */
export function laneSlotCounts(longest: number): number[] {
  const counts: number[] = [];
  for (let count = 24; count < 0.8 * longest; count *= 2) counts.push(count);
  return [...counts, longest];
}
