/** 16-bit floats by hand: what a file of them holds, and what float32 it is read back as. Rounded to the nearest, ties to the
 *  even one, as PyTorch does. */

export type FloatType = 'F32' | 'F16' | 'BF16';

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** The upper half of a float32's bits. */
export function bfloat16Bits(x: number): number {
  floats[0] = x;
  const [all] = bits as unknown as [number];
  if (Number.isNaN(x)) return 0x7fc0;
  return ((all + 0x7fff + ((all >>> 16) & 1)) >>> 16) & 0xffff;
}

export function bfloat16Value(half: number): number {
  bits[0] = half << 16;
  return floats[0] as number;
}

/** IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(Math.fround(x));
  if (size >= 65_520) return sign | 0x7c00; // halfway between the largest, 65504, and what would be the next
  // Below 2^-14 all values have the spacing 2^-24; above, 2^10 values lie in each power of two.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundedToEven(size / 2 ** (exponent - 10)); // up to 2^11: then it is the first of the next power
  return sign | (steps + ((exponent + 14) << 10));
}

export function float16Value(half: number): number {
  const [exponent, fraction] = [(half >>> 10) & 0x1f, half & 0x3ff];
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Values of a type, as a file holds them: little-endian, without gaps. */
export function encodedFloats(type: FloatType, values: ArrayLike<number>): Uint8Array {
  const all = Array.from(values);
  if (type === 'F32') return new Uint8Array(Float32Array.from(all).buffer);
  return new Uint8Array(Uint16Array.from(all, type === 'F16' ? float16Bits : bfloat16Bits).buffer);
}

/** What a value is after it was stored in a type. */
export function stored(type: FloatType, x: number): number {
  if (type === 'F32') return Math.fround(x);
  return type === 'F16' ? float16Value(float16Bits(x)) : bfloat16Value(bfloat16Bits(x));
}

function roundedToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
