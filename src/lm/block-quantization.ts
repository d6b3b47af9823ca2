import { BLOCK_BYTES, BLOCK_SIZE, ZERO_POINT } from '../graph/blocks.js';

/**
 * Weights in blocks of 4 bits (`graph/blocks.ts`), to and from float32. A block's scale is the one, of a few that are tried, under
 * which the sum of its squared errors is least.
 */
export interface Blocks {
  /** [N, K/32, 16] for a matrix [N, K]. */
  readonly packed: Uint8Array;
  /** [N, K/32]. */
  readonly scales: Float32Array;
}

/** The largest of 4 bits. */
const MOST = 15;
/** Steps that a block's largest weight is tried to be. Of normal weights the error is 8.1 % of their size, with no fewer for thirty
 *  steps, against 8.6 % where the largest is always −8. Stored zero points would make it 7.7 %, with files 2.5 % larger. */
const STEPS = [-8, -8.5, -7.5, -9, -7] as const;
/** For blocks of a few values far apart, as those of ternary models: taken where they fit exactly. */
const FEW_STEPS = [1, 2, 3, 4, 5, 6] as const;

/** The blocks of a matrix [N, K], whose K is a multiple of 32. Its values are finite. */
export function quantizedBlocks(data: Float32Array): Blocks {
  const count = data.length / BLOCK_SIZE;
  const [packed, scales] = [new Uint8Array(count * BLOCK_BYTES), new Float32Array(count)];
  for (let block = 0; block < count; block++) {
    const start = block * BLOCK_SIZE;
    scales[block] = bestScale(data, start);
    const scale = scales[block] as number; // in float32, as it will be read
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = 0; i < BLOCK_SIZE; i += 2) {
      const low = stepAt((data[start + i] as number) * inverse) + ZERO_POINT;
      const high = stepAt((data[start + i + 1] as number) * inverse) + ZERO_POINT;
      packed[block * BLOCK_BYTES + i / 2] = low | (high << 4);
    }
  }
  return { packed, scales };
}

/** The matrix that blocks stand for. */
export function dequantizedBlocks({ packed, scales }: Blocks): Float32Array {
  const data = new Float32Array(2 * packed.length);
  for (let i = 0; i < packed.length; i++) {
    const [byte, scale] = [packed[i] as number, scales[Math.floor(i / BLOCK_BYTES)] as number];
    data[2 * i] = scale * ((byte & 15) - ZERO_POINT);
    data[2 * i + 1] = scale * ((byte >> 4) - ZERO_POINT);
  }
  return data;
}

/** The scale under which a block's squared errors add up to the least. */
function bestScale(data: Float32Array, start: number): number {
  const largest = largestOf(data, start);
  if (largest === 0) return 0;
  for (const steps of FEW_STEPS) if (isOnGrid(data, start, largest / steps)) return largest / steps;
  let [best, mostExplained] = [0, 0];
  for (const steps of STEPS) {
    // Under the best scale for these steps, Σ x·step / Σ step², errors add up to Σ x² − (Σ x·step)² / Σ step².
    const inverse = steps / largest;
    let [product, square] = [0, 0];
    for (let i = start; i < start + BLOCK_SIZE; i++) {
      const x = data[i] as number;
      const step = stepAt(x * inverse);
      product += x * step;
      square += step * step; // not 0 in the end: the largest value is some steps away from it
    }
    const explained = (product * product) / square;
    if (explained > mostExplained) [best, mostExplained] = [product / square, explained];
  }
  return best;
}

/** The value that is farthest from 0, with its sign. */
function largestOf(data: Float32Array, start: number): number {
  let largest = 0;
  for (let i = start; i < start + BLOCK_SIZE; i++) {
    const x = data[i] as number;
    if (Math.abs(x) > Math.abs(largest)) largest = x;
  }
  return largest;
}

/** Whether every value is a whole number of scales, but for float32's rounding. */
function isOnGrid(data: Float32Array, start: number, scale: number): boolean {
  for (let i = start; i < start + BLOCK_SIZE; i++) {
    const steps = (data[i] as number) / scale;
    if (Math.abs(steps - Math.round(steps)) > 1e-6) return false;
  }
  return true;
}

/** The whole number from −8 to 7 that is nearest. */
function stepAt(x: number): number {
  const above = (x + (ZERO_POINT + 0.5)) | 0; // what is below 0 is cut towards it, and is 0 in the end either way
  return (above < 0 ? 0 : Math.min(above, MOST)) - ZERO_POINT;
}
