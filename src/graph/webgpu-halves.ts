import { InternalError } from '../errors.js';
import { isHalf, unpaired } from './halves.js';
import type { Lowerings } from './lower.js';
import type { Shape, Value } from './node.js';
import { gather, input, slice } from './ops.js';

/**
 * Weights of 16 bits as WebGPU has them. bfloat16 it does not know, float16 only where the device has 16-bit shaders, and whole
 * numbers of 32 bits everywhere: so an input of 16 bits becomes one of pairs (`halves.ts`), and what was cast is unpaired.
 */
export const HALVES: Lowerings = {
  Input: ({ attributes: { input: type } }) =>
    type !== undefined && isHalf(type.dtype) ? [input(type.name, pairShape(type.name, type.shape), 'uint32')] : null,

  Gather: (_node, [table, indices]) =>
    table?.dtype === 'uint32' && indices !== undefined ? [gather(table, indices)] : null,

  Cast: ({ inputs: [source] }, [x]) =>
    source !== undefined && isHalf(source.dtype) && x?.dtype === 'uint32' ? [unpaired(x, source.dtype)] : null,
};

/** What lies in pairs is half as many along the last axis. */
export function pairShape(name: string, shape: Shape): Shape {
  const last = shape.at(-1);
  if (typeof last !== 'number' || last % 2 !== 0)
    throw new InternalError(`${name}: rows of ${last} numbers of 16 bits do not lie in pairs`);
  return shape.with(-1, last / 2);
}

/** Numbers that are widened at a time: on their way there is twice this much of 4 bytes each, 128 MiB. */
export const WIDENED_AT_A_TIME = 2 ** 24;

/** The rows of a matrix that is cast from pairs, some at a time, where it would be too large as a whole: an output matrix
 *  takes gigabytes as float32. Null for any other. */
export function rowsInParts(matrix: Value, replaced: (value: Value) => Value): Value[] | null {
  const [source] = matrix.node.op === 'Cast' ? matrix.node.inputs : [];
  if (source === undefined || !isHalf(source.dtype)) return null;
  const { dtype } = source;
  const pairs = replaced(source);
  const [rows, columns] = matrix.shape;
  if (pairs.dtype !== 'uint32' || typeof rows !== 'number' || typeof columns !== 'number') return null;
  const count = Math.max(1, Math.floor(WIDENED_AT_A_TIME / columns));
  if (count >= rows) return null;
  return Array.from({ length: Math.ceil(rows / count) }, (_, part) =>
    unpaired(slice(pairs, 0, part * count, Math.min(rows, (part + 1) * count)), dtype),
  );
}
