import { BLOCK_BYTES, BLOCK_SIZE } from '../graph/blocks.js';
import type { FilePlace } from '../graph/node.js';
import type { FloatFormat } from './float-formats.js';
import type { Parameter } from './parameters.js';

/** Where a checkpoint's weights lie in its files: as numbers of a float format, or in blocks of 4 bits. */

export interface FloatPlace extends FilePlace {
  readonly dtype: FloatFormat;
}
/** A matrix [N, K] in blocks (`graph/blocks.ts`). */
export interface BlockPlaces {
  /** Bytes [N, K/32, 16]. */
  readonly packed: FilePlace;
  /** float32 [N, K/32]. */
  readonly scales: FloatPlace;
}
export type WeightPlace = FloatPlace | BlockPlaces;

/** Places in files, by Hugging Face's names. */
export type WeightPlaces = ReadonlyMap<string, WeightPlace>;

export const isInBlocks = (place: WeightPlace): place is BlockPlaces => 'packed' in place;

/** The names of a weight's two tensors in a file of blocks. */
export const packedName = (name: string): string => `${name}_packed`;
export const scaleName = (name: string): string => `${name}_scale`;

/** Their shapes, for a projection of K inputs and N outputs. */
export function blockShapes({ shape }: Parameter): {
  readonly packed: readonly number[];
  readonly scales: readonly number[];
} {
  const [inSize, outSize] = shape as readonly [number, number];
  const blocks = inSize / BLOCK_SIZE;
  return { packed: [outSize, blocks, BLOCK_BYTES], scales: [outSize, blocks] };
}

/** Whether a quantised checkpoint has a parameter in blocks: projections. Embeddings, the output matrix and vectors stay as they
 *  were: they are few of a large model's weights, and what tokens are told apart by. */
export const goesIntoBlocks = ({ kind }: Parameter): boolean => kind === 'projection';
