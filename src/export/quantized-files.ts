import { CheckpointError } from '../errors.js';
import { BLOCK_SIZE } from '../graph/blocks.js';
import { type Blocks, quantizedBlocks } from '../lm/block-quantization.js';
import { type CheckpointFiles, readStored, storedBytes } from '../lm/checkpoint.js';
import { type Parameter, parameterLayout } from '../lm/parameters.js';
import {
  blockShapes,
  type FloatPlace,
  goesIntoBlocks,
  isInBlocks,
  packedName,
  scaleName,
  type WeightPlace,
} from '../lm/weight-places.js';
import type { ExportFile } from './export-file.js';
import { type StoredSpec, shardedFiles } from './safetensors-files.js';

/**
 * A checkpoint's weights with the projections in blocks of 4 bits, a tensor at a time. Rules:
 * - a projection's bytes and its scales follow each other, so that it is quantised once;
 * - all blocks come first: after 16-bit tensors the float32 scales would not be aligned;
 * - what is not in blocks has the bytes that it had.
 */

/** The weights' files. @throws CheckpointError for weights that are in blocks already, and for a size that blocks do not divide. */
export function quantizedFiles(checkpoint: CheckpointFiles, shardBytes: number): ExportFile[] {
  const { parameters } = parameterLayout(checkpoint.config);
  const [inBlocks, others] = [parameters.filter(goesIntoBlocks), parameters.filter((each) => !goesIntoBlocks(each))];
  for (const parameter of inBlocks) checkSize(parameter);
  const specs = [
    ...inBlocks.flatMap((parameter) => blockSpecs(checkpoint, parameter)),
    ...others.map((parameter) => storedSpec(checkpoint, parameter)),
  ];
  return shardedFiles(specs, shardBytes);
}

function blockSpecs({ folder, places }: CheckpointFiles, parameter: Parameter): StoredSpec[] {
  const { name } = parameter;
  const place = floatPlaceOf(places.get(name), name);
  const shapes = blockShapes(parameter);
  let quantized: Blocks | null = null;
  const blocks = (): Blocks => {
    quantized ??= quantizedBlocks(readStored(folder, place).data);
    return quantized;
  };
  return [
    { name: packedName(name), type: 'U8', shape: shapes.packed, chunks: () => [blocks().packed] },
    {
      name: scaleName(name),
      type: 'F32',
      shape: shapes.scales,
      chunks: () => {
        const { buffer, byteOffset, byteLength } = blocks().scales;
        quantized = null; // both are given: nothing of it is kept
        return [new Uint8Array(buffer, byteOffset, byteLength)];
      },
    },
  ];
}

const TYPES = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

function storedSpec({ folder, places }: CheckpointFiles, { name }: Parameter): StoredSpec {
  const place = floatPlaceOf(places.get(name), name);
  return { name, type: TYPES[place.dtype], shape: place.dims, chunks: () => [storedBytes(folder, place)] };
}

function floatPlaceOf(place: WeightPlace | undefined, name: string): FloatPlace {
  if (place !== undefined && !isInBlocks(place)) return place;
  throw new CheckpointError(`${name} is in blocks of 4 bits already; quantise the checkpoint that it was made from`);
}

function checkSize({ name, shape: [inputs] }: Parameter): void {
  if (Number(inputs) % BLOCK_SIZE !== 0)
    throw new CheckpointError(
      `${name} has ${inputs} inputs, which blocks of ${BLOCK_SIZE} do not divide; this model can't be quantised`,
    );
}
