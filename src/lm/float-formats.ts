import { halfValues } from '../graph/halves.js';
import type { StoredDType } from '../graph/node.js';

/** Formats that weights are stored in, and how to read them: float32, IEEE half precision, and bfloat16, which is the upper
 *  half of a float32. All little-endian, as safetensors and every machine that ONNX Runtime is built for. */
export type FloatFormat = 'float32' | StoredDType;

export const FORMAT_BYTES = { float32: 4, float16: 2, bfloat16: 2 } as const satisfies Record<FloatFormat, number>;

/** The numbers in `bytes`, which may lie at any place in memory. */
export function toFloat32(bytes: Uint8Array, format: FloatFormat): Float32Array {
  // A copy, because typed arrays want their bytes aligned; not `slice`, which a Buffer answers with a view.
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (format === 'float32') return new Float32Array(copy.buffer);
  return widened(new Uint16Array(copy.buffer), format);
}

/** Index of the first number that is infinite or none, or -1. */
export function indexOfNotFinite(bytes: Uint8Array, format: FloatFormat): number {
  const exponent = { float32: 0x7f800000, float16: 0x7c00, bfloat16: 0x7f80 }[format];
  const aligned = bytes.byteOffset % FORMAT_BYTES[format] === 0 ? bytes : Uint8Array.from(bytes);
  const { buffer, byteOffset, length } = aligned;
  const numbers =
    format === 'float32'
      ? new Uint32Array(buffer, byteOffset, length / 4)
      : new Uint16Array(buffer, byteOffset, length / 2);
  // A plain loop: this goes over every weight of a checkpoint.
  for (let i = 0; i < numbers.length; i++) if (((numbers[i] as number) & exponent) === exponent) return i;
  return -1;
}

function widened(halves: Uint16Array, format: StoredDType): Float32Array {
  const values = halfValues(format);
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = values[halves[i] as number] as number;
  return result;
}
