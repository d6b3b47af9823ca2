import { type DeviceTensors, disposeOf } from '../graph/device.js';
import { floats, type GraphSession, integers, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';
import { type CachePart, cacheNames, cacheShape, newName, partOf } from './device-decode.js';

/** What changes a cache on the device as a whole; see `device-decode.ts`. */
export interface CacheSessions {
  readonly empty: Readonly<Record<CachePart, GraphSession>>;
  readonly grown: Readonly<Record<CachePart, GraphSession>>;
  readonly seating: Readonly<Record<CachePart, GraphSession>>;
}

/** Slots come in this many at least: rows that are a multiple of 4 are read four at a time. */
const SLOT_STEP = 16;

/** The keys and values of B seats in the device's memory. A tensor that takes another's place is made before the other is
 *  given back, one layer at a time. */
export class DeviceCache {
  private constructor(
    private readonly config: DecoderConfig,
    private readonly sessions: CacheSessions,
    private readonly seatCount: number,
    private readonly parts: Record<string, TensorData>,
    private slotCount: number,
  ) {}

  static async create(
    config: DecoderConfig,
    sessions: CacheSessions,
    seatCount: number,
    slots: number,
  ): Promise<DeviceCache> {
    const parts: Record<string, TensorData> = {};
    const slotCount = roundedUp(slots);
    try {
      for (const name of cacheNames(config)) {
        const shape = shapeFeed(config, partOf(name), seatCount, slotCount);
        parts[name] = onlyOne(await sessions.empty[partOf(name)].run({ shape }));
      }
    } catch (error) {
      disposeOf(parts);
      throw error;
    }
    return new DeviceCache(config, sessions, seatCount, parts, slotCount);
  }

  get slots(): number {
    return this.slotCount;
  }
  /** Inputs of a step. */
  get feeds(): DeviceTensors {
    return this.parts;
  }
  /** Where a step writes its outputs: to the same memory. */
  get targets(): DeviceTensors {
    return Object.fromEntries(Object.entries(this.parts).map(([name, tensor]) => [newName(name), tensor]));
  }

  /** Makes room for `slots` of each seat: at least twice as many as before, so that it is seldom done, but no more than
   *  `most`. Returns whether anything changed. */
  async reserve(slots: number, most: number): Promise<boolean> {
    if (slots <= this.slotCount) return false;
    const wanted = roundedUp(Math.max(slots, Math.min(most, 2 * this.slotCount)));
    for (const name of cacheNames(this.config)) {
      const shape = shapeFeed(this.config, partOf(name), this.seatCount, wanted - this.slotCount);
      await this.replace(name, this.sessions.grown[partOf(name)], { shape });
    }
    this.slotCount = wanted;
    return true;
  }

  /** Gives seats the first `width` slots of prompts, [P, K, width, S] of each part: `sources` has the prompt's place for each
   *  seat that takes one, and null for the others. */
  async seat(prompts: DeviceTensors, width: number, sources: readonly (number | null)[]): Promise<void> {
    const source = BigInt64Array.from(sources, (place) => BigInt(place ?? 0));
    const seated = Float32Array.from(sources, (place) => (place === null ? 0 : 1));
    for (const name of cacheNames(this.config)) {
      await this.replace(name, this.sessions.seating[partOf(name)], {
        prompt: prompts[name] as TensorData,
        source: integers(source, this.seatCount),
        seated: floats(seated, this.seatCount, 1, 1, 1),
        sizes: integers(BigInt64Array.of(BigInt(width), BigInt(this.slotCount - width)), 2),
      });
    }
  }

  dispose(): void {
    disposeOf(this.parts);
  }

  private async replace(name: string, session: GraphSession, inputs: Record<string, TensorData>): Promise<void> {
    const old = this.parts[name] as TensorData;
    this.parts[name] = onlyOne(await session.run({ ...inputs, cache: old }));
    old.dispose();
  }
}

/** The output of a graph that has but one. */
const onlyOne = (outputs: DeviceTensors): TensorData => Object.values(outputs)[0] as TensorData;

const roundedUp = (slots: number): number => SLOT_STEP * Math.ceil(slots / SLOT_STEP);

function shapeFeed(config: DecoderConfig, part: CachePart, seats: number, slots: number): TensorData {
  return integers(BigInt64Array.from(cacheShape(config, part, seats, slots), BigInt), 4);
}
