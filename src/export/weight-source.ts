import { InternalError } from '../errors.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { type Parameter, parameterLayout } from '../lm/parameters.js';

/** A policy's weights a tensor at a time, so that an export never holds a large model twice. */
export interface WeightSource {
  readonly config: DecoderConfig;
  /** A parameter by Hugging Face's name, in float32 and as its file has it: projections are [out, in]. It may be a view
   *  of what others read, so it is not to be changed. */
  tensor(name: string): Float32Array;
}

/** The weights of a flat array, as `parameters.ts` lays them out. */
export function flatSource(config: DecoderConfig, weights: Float32Array): WeightSource {
  const layout = parameterLayout(config);
  if (weights.length !== layout.size)
    throw new InternalError(`expected ${layout.size} weights for this shape, got ${weights.length}`);
  const parameters = new Map(layout.parameters.map((parameter) => [parameter.name, parameter]));
  return {
    config,
    tensor: (name) => {
      const parameter = parameters.get(name);
      if (parameter === undefined) throw new InternalError(`no weight named ${name}`);
      return asInFile(parameter, weights);
    },
  };
}

/** A parameter of a flat array as its file has it. */
export function asInFile(parameter: Parameter, flat: Float32Array): Float32Array {
  const data = flat.subarray(parameter.offset, parameter.offset + parameter.size);
  return parameter.kind === 'projection' ? turned(data, parameter.shape[0] as number) : data;
}

/** A parameter's shape in its file. */
export const fileShape = ({ kind, shape }: Parameter): readonly number[] =>
  kind === 'projection' ? shape.toReversed() : shape;

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
