import { z } from 'zod';
import { CheckpointError } from '../errors.js';
import { BLOCK_SIZE } from '../graph/blocks.js';

/** What config.json says of a checkpoint whose projections are in blocks of 4 bits: a method of our own, which nobody else reads. */
export const QUANTIZATION = { quant_method: 'rzero-int4', bits: 4, block_size: BLOCK_SIZE } as const;

const ours = z.looseObject({
  quantization_config: z.looseObject({
    quant_method: z.literal(QUANTIZATION.quant_method),
    bits: z.unknown().optional(),
    block_size: z.unknown().optional(),
  }),
});

/** Whether a parsed config.json is of such a checkpoint. @throws CheckpointError where it is, in blocks of another kind. */
export function isQuantized(json: unknown, path: string): boolean {
  const file = ours.safeParse(json);
  if (!file.success) return false;
  for (const field of ['bits', 'block_size'] as const) {
    const found = file.data.quantization_config[field];
    if (found !== QUANTIZATION[field])
      throw new CheckpointError(
        `${path}: quantization_config.${field}: expected ${QUANTIZATION[field]}, got ${JSON.stringify(found)?.slice(0, 60)}; make the checkpoint again with "rzero quantise"`,
      );
  }
  return true;
}
