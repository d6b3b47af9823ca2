import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import { storedBytes } from './checkpoint.js';
import { indexOfNotFinite } from './float-formats.js';
import { toFloat16 } from './half-floats.js';
import type { FloatPlace } from './weight-places.js';

/** A matrix of a checkpoint's file in 16 bits, two in a number of 32 as `graph/halves.ts` has them: the bytes of the file as
 *  they are, or F32 rounded to float16. Rows have an even number of weights.
 *  @throws CheckpointError for a weight that is beyond what float16 can say. */
export function heldHalves(folder: string, name: string, place: FloatPlace): Uint32Array {
  const bytes = storedBytes(folder, place);
  if (place.dtype !== 'float32') return new Uint32Array(bytes.buffer);
  const weights = new Float32Array(bytes.buffer);
  const halves = toFloat16(weights);
  const beyond = indexOfNotFinite(new Uint8Array(halves.buffer), 'float16');
  if (beyond >= 0)
    throw new CheckpointError(
      `${join(folder, place.file)}: ${name} has a weight of ${weights[beyond]}, and float16 ends at 65504; with deviceWeights=stored it stays F32 on the device, and "rzero export --dtype bf16" makes 16-bit weights of any size`,
    );
  return new Uint32Array(halves.buffer);
}
