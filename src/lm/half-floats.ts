/** float32 in two bytes, rounded to the nearest and to even between two: what PyTorch and llama.cpp do too. */

/** IEEE 754 binary16 of each value, as bits: 5 of exponent and 10 of fraction. What is 65520 or more becomes infinite. */
export function toFloat16(data: Float32Array): Uint16Array {
  return converted(data, float16);
}

/** bfloat16 of each value, as bits: float32's exponent and 7 bits of fraction. */
export function toBfloat16(data: Float32Array): Uint16Array {
  return converted(data, bfloat16);
}

function converted(data: Float32Array, convert: (bits: number) => number): Uint16Array {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const result = new Uint16Array(data.length);
  for (let i = 0; i < result.length; i++) result[i] = convert(bits[i] as number);
  return result;
}

const [SIGN, INFINITE] = [0x8000, 0x7f80_0000];

function bfloat16(bits: number): number {
  if ((bits & 0x7fff_ffff) > INFINITE) return (bits >>> 16) | 0x40; // a NaN stays one, whatever is cut off
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function float16(bits: number): number {
  const sign = (bits >>> 16) & SIGN;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > INFINITE) return sign | 0x7e00;
  if (magnitude >= 0x477f_f000) return sign | 0x7c00; // 65520, midway between the largest and the next
  if (magnitude < 0x3880_0000) return sign | subnormal(magnitude); // 2^-14
  return sign | ((magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** Steps of 2^-24 in a magnitude below 2^-14. */
function subnormal(magnitude: number): number {
  if (magnitude <= 0x3300_0000) return 0; // 2^-25, half a step
  const shift = 126 - (magnitude >>> 23); // 14 to 24
  const mantissa = (magnitude & 0x7f_ffff) | 0x80_0000;
  return (mantissa + (1 << (shift - 1)) - 1 + ((mantissa >>> shift) & 1)) >>> shift;
}
