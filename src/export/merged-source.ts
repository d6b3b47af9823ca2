import { adaptersOf, type LoraSettings, loraScale } from '../lm/lora.js';
import { turned, type WeightSource } from './weight-source.js';

/** The weights of `base` with adapters merged into them: W + scale·(A·B), in the file's orientation. Adapters are flat, as
 *  `loraLayout` lays them out. */
export function mergedSource(base: WeightSource, lora: LoraSettings, adapters: Float32Array): WeightSource {
  const byName = adaptersOf(base.config, lora, adapters);
  return {
    config: base.config,
    tensor: (name) => {
      const adapter = byName.get(name);
      const weights = base.tensor(name);
      return adapter === undefined ? weights : merged(weights, adapter.a, adapter.b, lora.rank, loraScale(lora));
    },
  };
}

/** W [out, in] + scale·(A·B)ᵀ for A [in, rank] and B [rank, out]. A row's sum is in double precision: its one rounding is
 *  that of the merged weight. */
function merged(weights: Float32Array, a: Float32Array, b: Float32Array, rank: number, scale: number): Float32Array {
  const [inSize, outSize] = [a.length / rank, b.length / rank];
  const rows = turned(a, inSize); // [rank, in]
  const result = new Float32Array(weights.length);
  const sum = new Float64Array(inSize);
  for (let out = 0; out < outSize; out++) {
    sum.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b[r * outSize + out] as number);
      const row = rows.subarray(r * inSize, (r + 1) * inSize);
      for (let i = 0; i < inSize; i++) sum[i] = (sum[i] as number) + factor * (row[i] as number);
    }
    const start = out * inSize;
    for (let i = 0; i < inSize; i++) result[start + i] = (weights[start + i] as number) + (sum[i] as number);
  }
  return result;
}
