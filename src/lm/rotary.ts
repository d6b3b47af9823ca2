import { floats, type TensorData } from '../graph/session.js';
import type { DecoderConfig, RopeScaling } from './architecture.js';

/** cos and sin [length, S/2] of every position's rotation (Su et al. 2021), as feeds of a decoder graph. Angles are computed
 *  in double precision: at position 100,000 float32 would be off by a hundredth of a radian. */
export function rotaryTables(
  config: DecoderConfig,
  length: number,
): { readonly cos: TensorData; readonly sin: TensorData } {
  const frequencies = rotaryFrequencies(config);
  const half = frequencies.length;
  const [cos, sin] = [new Float32Array(length * half), new Float32Array(length * half)];
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * (frequencies[i] as number);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos: floats(cos, length, half), sin: floats(sin, length, half) };
}

/** Radians per position of each of a head's S/2 pairs, scaled where the model is. */
export function rotaryFrequencies({ headSize, ropeTheta, ropeScaling }: DecoderConfig): Float64Array {
  return Float64Array.from({ length: headSize / 2 }, (_, i) => {
    const frequency = ropeTheta ** ((-2 * i) / headSize);
    return ropeScaling === null ? frequency : scaled(frequency, ropeScaling);
  });
}

/** Waves that fit the original window `highFrequencyFactor` times or more stay as they are, those that don't fit it
 *  `lowFrequencyFactor` times are stretched by `factor`, and between the two the frequency is interpolated
 *  (transformers, `_compute_llama3_parameters` of modeling_rope_utils.py). */
function scaled(frequency: number, { factor, lowFrequencyFactor: low, ...scaling }: RopeScaling): number {
  const high = scaling.highFrequencyFactor;
  const waves = (scaling.originalMaxPositions * frequency) / (2 * Math.PI);
  if (waves < low) return frequency / factor;
  if (waves > high) return frequency;
  const smooth = (waves - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
