import { fileShape } from '../lm/file-layout.js';
import { parameterLayout } from '../lm/parameters.js';
import { type HeaderEntry, placeBytes, safetensorsHeader } from '../lm/safetensors.js';
import { type ExportDtype, type ExportFile, encodeTensor, jsonFile } from './export-file.js';
import type { WeightSource } from './weight-source.js';

/** Weights as safetensors files: a header of places, then the tensors as they are.
 *  https://github.com/huggingface/safetensors (README, "Format"). */

/** A tensor that a file will hold, in a type of all floats. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: () => Float32Array;
}

/** A tensor that a file will hold, in a type of its own; its bytes are made when they are written. */
export interface StoredSpec extends HeaderEntry {
  readonly chunks: () => Iterable<Uint8Array>;
}

/** Largest shard of a checkpoint, as Hugging Face's 5 GB. */
export const SHARD_BYTES = 5e9;

/** A checkpoint's weights in one type, sharded as {@link shardedFiles}. */
export function safetensorsFiles(source: WeightSource, dtype: ExportDtype, shardBytes: number): ExportFile[] {
  const specs = parameterLayout(source.config).parameters.map((parameter): TensorSpec => {
    const { name } = parameter;
    return { name, shape: fileShape(parameter), data: () => source.tensor(name) };
  });
  return shardedFiles(
    specs.map((spec) => encoded(spec, dtype)),
    shardBytes,
  );
}

/** Tensors in their order: `model.safetensors`, or numbered shards of `shardBytes` at most with their index. A tensor that is
 *  larger than that has a shard to itself. */
export function shardedFiles(specs: readonly StoredSpec[], shardBytes: number): ExportFile[] {
  const shards = shardsOf(specs, shardBytes);
  if (shards.length === 1) return [storedFile('model.safetensors', specs)];
  const number = (index: number): string => String(index).padStart(5, '0');
  const path = (index: number): string => `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
  const weightMap = shards.flatMap((shard, index) => shard.map(({ name }) => [name, path(index)] as const));
  const totalBytes = specs.reduce((sum, spec) => sum + placeBytes(spec), 0);
  return [
    ...shards.map((shard, index) => storedFile(path(index), shard)),
    jsonFile('model.safetensors.index.json', {
      metadata: { total_size: totalBytes },
      weight_map: Object.fromEntries(weightMap),
    }),
  ];
}

/** One safetensors file with the tensors in their order, in one type. */
export const safetensorsFile = (path: string, specs: readonly TensorSpec[], dtype: ExportDtype): ExportFile =>
  storedFile(
    path,
    specs.map((spec) => encoded(spec, dtype)),
  );

const encoded = ({ name, shape, data }: TensorSpec, dtype: ExportDtype): StoredSpec => ({
  name,
  type: ({ f32: 'F32', f16: 'F16', bf16: 'BF16' } as const)[dtype],
  shape,
  chunks: () => encodeTensor(name, data(), dtype),
});

function storedFile(path: string, specs: readonly StoredSpec[]): ExportFile {
  const header = safetensorsHeader(specs);
  return {
    path,
    sizeBytes: header.length + specs.reduce((sum, spec) => sum + placeBytes(spec), 0),
    *chunks() {
      yield header;
      for (const { chunks } of specs) yield* chunks();
    },
  };
}

/** Lists of tensors in their order, each of which fits into a shard. */
function shardsOf(specs: readonly StoredSpec[], shardBytes: number): StoredSpec[][] {
  const shards: StoredSpec[][] = [[]];
  let filled = 0;
  for (const spec of specs) {
    const sizeBytes = placeBytes(spec);
    if (filled > 0 && filled + sizeBytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(spec);
    filled += sizeBytes;
  }
  return shards;
}
