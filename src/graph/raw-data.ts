import { InternalError } from '../errors.js';
import type { ConstantData } from './node.js';

/** A constant's elements as ONNX has them: little-endian, without gaps. */
export function rawData({ dtype, values }: ConstantData): Uint8Array {
  if (values instanceof Float32Array) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  switch (dtype) {
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(values).buffer);
    case 'uint32':
      return new Uint8Array(Uint32Array.from(values).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    case 'bool':
    case 'uint8':
      return Uint8Array.from(values);
    case 'uint4':
      return pairedNibbles(values);
    case 'float16':
    case 'bfloat16':
      throw new InternalError(`a constant of ${dtype} comes from a file`);
  }
}

/** Numbers from 0 to 15 two a byte, the first in its low half. */
function pairedNibbles(values: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => {
    const [low = 0, high = 0] = values.slice(2 * i, 2 * i + 2);
    return low | (high << 4);
  });
}
