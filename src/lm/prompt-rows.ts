import { floats, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import type { Arena } from './arena.js';
import type { PromptEntry } from './prompt-cache.js';
import { promptKeysName, promptValuesName } from './seat-attention.js';

/** A prompt's keys and values with the places of those that share them. */
export interface Row {
  readonly prompt: number;
  /** Slots that the prompt fills. */
  readonly slotCount: number;
  readonly freePlaces: number[];
  /** Where it lies now. */
  index: number;
}

/** The prompts of everyone seated, [row, K, slot, S] of each layer, densely packed: where a row leaves, the last moves in. */
export class PromptRows {
  readonly rows: Row[] = [];
  private caches: Float32Array[] = [];
  private room = 0;

  constructor(
    private readonly config: DecoderConfig,
    private readonly arena: Arena,
    /** Seats that a row can serve. */
    readonly placeCount: number,
    readonly slotCount: number,
  ) {}

  /** A row of the prompt with a free place, if there is one. */
  find(prompt: number): Row | undefined {
    return this.rows.find((row) => row.prompt === prompt && row.freePlaces.length > 0);
  }

  open(prompt: number, entry: PromptEntry): Row {
    const freePlaces = Array.from({ length: this.placeCount }, (_, i) => this.placeCount - 1 - i);
    const row = { prompt, slotCount: entry.slotCount, freePlaces, index: this.rows.length };
    this.rows.push(row);
    this.reserve(this.rows.length);
    const { keyValueHeadCount: K, headSize: S } = this.config;
    const size = entry.slotCount * S;
    for (const [i, cache] of this.caches.entries()) {
      const source = entry.caches[i];
      for (let k = 0; k < K && source !== undefined; k++) {
        const start = (entry.row * K + k) * entry.stride * S;
        cache.set(source.subarray(start, start + size), (row.index * K + k) * this.slotCount * S);
      }
    }
    return row;
  }

  /** Gives a place back; a row that nobody shares any more is closed. */
  leave(row: Row, place: number): void {
    row.freePlaces.push(place);
    if (row.freePlaces.length < this.placeCount) return;
    const last = this.rows.pop() as Row;
    if (last === row) return;
    const size = this.config.keyValueHeadCount * this.slotCount * this.config.headSize;
    for (const cache of this.caches) cache.copyWithin(row.index * size, last.index * size, (last.index + 1) * size);
    last.index = row.index;
    this.rows[row.index] = last;
  }

  feeds(): Record<string, TensorData> {
    const { keyValueHeadCount: K, headSize: S } = this.config;
    const heads = this.rows.length * K;
    const feeds: Record<string, TensorData> = {};
    for (const [i, cache] of this.caches.entries()) {
      const name = (i % 2 === 0 ? promptKeysName : promptValuesName)(i >> 1);
      feeds[name] = floats(cache.subarray(0, heads * this.slotCount * S), heads, this.slotCount, S);
    }
    return feeds;
  }

  private reserve(rowCount: number): void {
    if (rowCount <= this.room) return;
    this.room = Math.max(rowCount, 2 * this.room);
    const { keyValueHeadCount: K, headSize: S, layerCount } = this.config;
    const size = this.room * K * this.slotCount * S;
    this.caches = Array.from({ length: 2 * layerCount }, (_, i) => this.arena.get(`prompts ${i}`, size));
  }
}
