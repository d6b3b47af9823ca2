import { InternalError } from '../errors.js';
import { type Value, value } from './node.js';
import { constant, fileTensor } from './ops.js';

/**
 * Matrices in blocks of 4 bits: 32 neighbours of a row share a scale, and each is scale · (q − 8) for a q from 0 to 15. A matrix
 * [N, K] is bytes [N, K/32, 16], the first of two neighbours in the low half of a byte, and scales [N, K/32].
 */
export const BLOCK_SIZE = 32;
/** The q that stands for 0. */
export const ZERO_POINT = 8;
export const BLOCK_BYTES = BLOCK_SIZE / 2;

/** Zero points of blocks [N, K/32], two a byte. */
export const zeroPointBytes = (dims: readonly number[]): Uint8Array =>
  new Uint8Array(Math.ceil(dims.reduce((size, dim) => size * dim, 1) / 2)).fill(ZERO_POINT | (ZERO_POINT << 4));

/** x · Wᵀ for a matrix in blocks: x […, K], packed [N, K/32, 16] and scales [N, K/32] → […, N]. */
export function matmulBlocks(x: Value, packed: Value, scales: Value): Value {
  const [rows, blocks] = scales.shape;
  const fits =
    packed.shape.join() === [rows, blocks, BLOCK_BYTES].join() && x.shape.at(-1) === Number(blocks) * BLOCK_SIZE;
  if (!fits || rows === undefined)
    throw new InternalError(
      `MatMulNBits: shapes [${[x, packed, scales].map(({ shape }) => shape.join(', ')).join('], [')}] do not fit`,
    );
  return value('MatMulNBits', [x, packed, scales], x.shape.with(-1, rows), 'float32');
}

/** The matrix [N, K] of blocks in float32. */
export function dequantizeBlocks(packed: Value, scales: Value): Value {
  const nibbles = asNibbles(packed);
  return value('DequantizeBlocks', [nibbles, scales], nibbles.shape, 'float32');
}

/** The same bytes [N, K/32, 16] as numbers of 4 bits [N, K]: constants only, which lie the same either way. */
function asNibbles(packed: Value): Value {
  const [rows, blocks] = packed.shape as readonly [number, number];
  const dims = [rows, blocks * BLOCK_SIZE];
  const { place, constant: data } = packed.node.attributes;
  if (place !== undefined) return fileTensor({ ...place, dims, dtype: 'uint4' });
  if (data === undefined) throw new InternalError(`blocks are constants, not what ${packed.node.op} gives`);
  const nibbles = Array.from(data.values, (byte) => [byte & 15, byte >> 4]).flat();
  return constant(nibbles, dims, 'uint4');
}
