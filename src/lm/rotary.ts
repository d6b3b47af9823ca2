import { floats, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from './architecture.js';

/** cos and sin [length, S/2] of every position's rotation (Su et al. 2021), as feeds of a decoder graph. */
export function rotaryTables(
  config: DecoderConfig,
  length: number,
): { readonly cos: TensorData; readonly sin: TensorData } {
  const half = config.headSize / 2;
  const [cos, sin] = [new Float32Array(length * half), new Float32Array(length * half)];
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * config.ropeTheta ** (-i / half);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos: floats(cos, length, half), sin: floats(sin, length, half) };
}
