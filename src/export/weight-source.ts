import { InternalError } from '../errors.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { asInFile } from '../lm/file-layout.js';
import { parameterLayout } from '../lm/parameters.js';

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
