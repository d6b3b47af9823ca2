/**
 * Seeded randomness without state: every number is a hash of (seed, stream, counter).
 * So a draw does not depend on how work was batched, on which worker ran it, or on what was drawn before,
 * and a run that is resumed draws what the uninterrupted one would have drawn.
 */

/** A 32-bit key that names a stream of random numbers. */
export type StreamKey = number;

/** The avalanche of MurmurHash3 (Appleby, public domain): each input bit flips half of the output bits. */
function mix(h: number): number {
  let x = h | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The key of the substream named by `names` under `seed`: the same names give the same key on every machine. */
export function stream(seed: number, ...names: readonly (string | number)[]): StreamKey {
  let key = mix(seed ^ 0x9e3779b9);
  for (const name of names) {
    const text = typeof name === 'number' ? `#${name}` : name;
    for (let i = 0; i < text.length; i++) key = mix(Math.imul(key, 31) + text.charCodeAt(i) + 0x7f4a7c15);
    key = mix(key ^ 0x5bd1e995);
  }
  return key;
}

/** Draw number `counter` of a stream, uniform in [0, 1) with 24 bits: exact as a 32-bit float. */
export function uniform(key: StreamKey, counter: number): number {
  return (mix(mix(counter + 0x632be5ab) ^ Math.imul(key, 0x9e3779b1)) >>> 8) / 0x1000000;
}

/** A drawing pen over one stream, for code that draws an unknown number of times. */
export class Random {
  private counter = 0;
  constructor(private readonly key: StreamKey) {}

  /** Uniform in [0, 1). */
  next(): number {
    return uniform(this.key, this.counter++);
  }
  /** Uniform integer in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low));
  }
  /** One of `items`, uniformly. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length)] as T;
  }
  /** An index drawn with probability proportional to `weights`. */
  weighted(weights: readonly number[]): number {
    let rest = this.next() * weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < weights.length; i++) {
      rest -= weights[i] ?? 0;
      if (rest < 0) return i;
    }
    return weights.length - 1;
  }
  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }
  /** A new array with the items in random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }
}
