import type { DType, StoredDType, Value } from './node.js';
import { cast, constant, constantTensor, div, gather, mul, reshape } from './ops.js';

/**
 * Numbers of 16 bits where nothing computes with them: two neighbours of a row lie in one whole number of 32 bits, the first in
 * its low half, which is how they lie in a checkpoint's file. A table says what each of the 65,536 stands for, so that float16
 * and bfloat16 alike become the very float32 that they are.
 */

export const isHalf = (dtype: DType): dtype is StoredDType => dtype === 'float16' || dtype === 'bfloat16';

/** What each number of 16 bits stands for. */
export function halfValues(format: StoredDType): Float32Array {
  const known = TABLES[format];
  if (known !== null) return known;
  const made = format === 'float16' ? float16Values() : bfloat16Values();
  TABLES[format] = made;
  return made;
}

const TABLES: Record<StoredDType, Float32Array | null> = { float16: null, bfloat16: null };
const COUNT = 2 ** 16;

/** IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
const float16Values = (): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, bits) => {
    const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });

/** The upper half of a float32. */
const bfloat16Values = (): Float32Array =>
  new Float32Array(Uint32Array.from({ length: COUNT }, (_, bits) => bits << 16).buffer);

/** Pairs […, N/2] of a format in float32: […, N]. */
export function unpaired(pairs: Value, format: StoredDType): Value {
  const half = pairs.shape.at(-1) as number;
  const rest = pairs.shape.slice(0, -1);
  // What is beyond 32 bits is cut off: the low half takes the high one's place, then both go down to the low one.
  const raised = mul(reshape(pairs, [...rest, half, 1]), constant([COUNT, 1], [2], 'uint32')); // […, N/2, 2]
  const codes = cast(div(raised, constant(COUNT, [], 'uint32')), 'int32');
  return gather(table(format), reshape(codes, [...rest, 2 * half]));
}

/** One constant for all weights of a graph. */
const table = (format: StoredDType): Value => {
  const known = CONSTANTS[format];
  if (known !== null) return known;
  const made = constantTensor(halfValues(format), [COUNT]);
  CONSTANTS[format] = made;
  return made;
};
const CONSTANTS: Record<StoredDType, Value | null> = { float16: null, bfloat16: null };
