import { floats, floatsOf, integers, integersOf, type TensorData } from '../graph/session.js';
import { uniform } from '../random.js';
import type { Result, SequenceRequest } from './batching.js';
import { addToken } from './decode-step.js';

/** A sequence under way. */
export interface DeviceSeat {
  readonly result: Result;
  readonly request: SequenceRequest;
  readonly maxTokens: number;
  /** Place of its newest token, which is not in the cache yet. */
  position: number;
  last: number;
}

/** The seats of a batch on a device, and who is in them. */
export class DeviceSeats {
  private readonly seats: (DeviceSeat | null)[];

  constructor(readonly count: number) {
    this.seats = Array.from({ length: count }, () => null);
  }

  get live(): number {
    return this.seats.filter((seat) => seat !== null).length;
  }
  get free(): number {
    return this.count - this.live;
  }
  /** Slots that the next step fills, of the longest sequence. */
  get longest(): number {
    return 1 + Math.max(...this.seats.map((seat) => seat?.position ?? 0));
  }

  /** DeviceSeats sequences, of which there are no more than free seats; where each sits. */
  take(sequences: readonly DeviceSeat[]): ReadonlyMap<number, DeviceSeat> {
    const taken = new Map<number, DeviceSeat>();
    for (const sequence of sequences) {
      const place = this.seats.indexOf(null);
      this.seats[place] = sequence;
      taken.set(place, sequence);
    }
    return taken;
  }

  /** What a step reads of each seat. One without a sequence goes through the motions with the first token. */
  feeds(greedy: boolean): Record<string, TensorData> {
    const B = this.count;
    const [token, position] = [new BigInt64Array(B), new BigInt64Array(B)];
    const [slot, uniforms] = [new Float32Array(B), new Float32Array(B)];
    for (const [b, seat] of this.seats.entries()) {
      if (seat === null) continue;
      token[b] = BigInt(seat.last);
      position[b] = BigInt(seat.position);
      slot[b] = seat.position;
      uniforms[b] = greedy ? 0 : uniform(seat.request.key, seat.result.tokens.length);
    }
    return {
      token: integers(token, B, 1),
      position: integers(position, B, 1),
      slot: floats(slot, B, 1, 1, 1),
      uniforms: floats(uniforms, B, 1),
    };
  }

  /** Gives each sequence its new token; one that ends leaves its seat. */
  advance(output: Readonly<Record<string, TensorData>>, ended: (seat: DeviceSeat) => boolean): void {
    const [tokens, logprobs] = [integersOf(output, 'tokens'), floatsOf(output, 'logprobs')];
    const untempered = 'untemperedLogprobs' in output ? floatsOf(output, 'untemperedLogprobs') : null;
    for (const [b, seat] of this.seats.entries()) {
      if (seat === null) continue;
      seat.last = Number(tokens[b]);
      seat.position++;
      addToken(seat.result, seat.last, logprobs[b] as number, untempered?.[b]);
      if (ended(seat)) this.seats[b] = null;
    }
  }
}
