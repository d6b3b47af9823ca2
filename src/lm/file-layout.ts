import type { Parameter } from './parameters.js';

/** How a checkpoint's file has a parameter: projections are [out, in] there, as PyTorch has them, and [in, out] here. */

/** A parameter's shape in its file. */
export const fileShape = ({ kind, shape }: Parameter): readonly number[] =>
  kind === 'projection' ? shape.toReversed() : shape;

/** A parameter of a flat array as its file has it: a view, or turned. */
export function asInFile(parameter: Parameter, flat: Float32Array): Float32Array {
  const data = flat.subarray(parameter.offset, parameter.offset + parameter.size);
  return parameter.kind === 'projection' ? turned(data, parameter.shape[0] as number) : data;
}

/** A parameter's values from its file, as our graphs have them. */
export const fromFile = (parameter: Parameter, data: Float32Array): Float32Array =>
  parameter.kind === 'projection' ? turned(data, parameter.shape[1] as number) : data;

/** Columns that are turned together: their rows stay in the processor's cache until they are whole lines of it. */
const BLOCK = 32;

/** [rows, columns] → [columns, rows], a block of columns at a time. */
export function turned(data: Float32Array, rows: number): Float32Array {
  const columns = data.length / rows;
  const result = new Float32Array(data.length);
  for (let start = 0; start < columns; start += BLOCK) {
    const end = Math.min(columns, start + BLOCK);
    for (let r = 0; r < rows; r++)
      for (let c = start; c < end; c++) result[c * rows + r] = data[r * columns + c] as number;
  }
  return result;
}
