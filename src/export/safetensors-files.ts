import { parameterLayout } from '../lm/parameters.js';
import { bytesPerElement, type ExportDtype, type ExportFile, encodeTensor, jsonFile } from './export-file.js';
import { fileShape, type WeightSource } from './weight-source.js';

/** Weights as safetensors files: a header of places, then the tensors as they are.
 *  https://github.com/huggingface/safetensors (README, "Format"). */

/** A tensor that a file will hold. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: () => Float32Array;
}

/** Largest shard of a checkpoint, as Hugging Face's 5 GB. */
export const SHARD_BYTES = 5e9;

/** A checkpoint's weights: `model.safetensors`, or numbered shards of `shardBytes` at most with their index. A tensor that
 *  is larger than that has a shard to itself. */
export function safetensorsFiles(source: WeightSource, dtype: ExportDtype, shardBytes: number): ExportFile[] {
  const specs = parameterLayout(source.config).parameters.map((parameter): TensorSpec => {
    const { name } = parameter;
    return { name, shape: fileShape(parameter), data: () => source.tensor(name) };
  });
  const shards = shardsOf(specs, dtype, shardBytes);
  if (shards.length === 1) return [safetensorsFile('model.safetensors', specs, dtype)];
  const number = (index: number): string => String(index).padStart(5, '0');
  const path = (index: number): string => `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
  const weightMap = shards.flatMap((shard, index) => shard.map(({ name }) => [name, path(index)] as const));
  const totalBytes = specs.reduce((sum, spec) => sum + sizeOf(spec, dtype), 0);
  return [
    ...shards.map((shard, index) => safetensorsFile(path(index), shard, dtype)),
    jsonFile('model.safetensors.index.json', {
      metadata: { total_size: totalBytes },
      weight_map: Object.fromEntries(weightMap),
    }),
  ];
}

/** One safetensors file with the tensors in their order. */
export function safetensorsFile(path: string, specs: readonly TensorSpec[], dtype: ExportDtype): ExportFile {
  const header = safetensorsHeader(specs, dtype);
  return {
    path,
    sizeBytes: header.length + specs.reduce((sum, spec) => sum + sizeOf(spec, dtype), 0),
    *chunks() {
      yield header;
      for (const { name, data } of specs) yield* encodeTensor(name, data(), dtype);
    },
  };
}

/** Lists of tensors in their order, each of which fits into a shard. */
function shardsOf(specs: readonly TensorSpec[], dtype: ExportDtype, shardBytes: number): TensorSpec[][] {
  const shards: TensorSpec[][] = [[]];
  let filled = 0;
  for (const spec of specs) {
    const sizeBytes = sizeOf(spec, dtype);
    if (filled > 0 && filled + sizeBytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(spec);
    filled += sizeBytes;
  }
  return shards;
}

/** Eight bytes of length, then the header padded with spaces, so that the tensors are aligned. */
function safetensorsHeader(specs: readonly TensorSpec[], dtype: ExportDtype): Uint8Array {
  let offset = 0;
  const entries = specs.map((spec) => {
    const [from, to] = [offset, offset + sizeOf(spec, dtype)];
    offset = to;
    return [spec.name, { dtype: dtype.toUpperCase(), shape: spec.shape, data_offsets: [from, to] }];
  });
  // transformers refuses a file that does not say which framework's it is.
  const json = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const length = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}

const sizeOf = ({ shape }: TensorSpec, dtype: ExportDtype): number =>
  shape.reduce((size, dim) => size * dim, bytesPerElement(dtype));
