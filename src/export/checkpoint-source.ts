import { InternalError } from '../errors.js';
import { type CheckpointFiles, readStored } from '../lm/checkpoint.js';
import type { WeightSource } from './weight-source.js';

/** The weights of a checkpoint that stay in their files until they are asked for. */
export function checkpointSource({ folder, config, places }: CheckpointFiles): WeightSource {
  return {
    config,
    tensor: (name) => {
      const place = places.get(name);
      if (place === undefined) throw new InternalError(`no weight named ${name}`);
      return readStored(folder, place).data;
    },
  };
}
