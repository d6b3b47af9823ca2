import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectureFile, type DecoderConfig } from '../../src/lm/architecture.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { encodedFloats, type FloatType, stored } from './half-precision.js';

/** Checkpoint folders in Hugging Face layout, written by nothing that the product reads or writes them with. */

/** A tensor as a safetensors file has it. `place` is where its bytes are said to be, for files that lie. */
export interface RawTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly unknown[];
  readonly bytes: Uint8Array;
  readonly place?: readonly unknown[];
}

/** The bytes of a safetensors file; `headerLength` is what its first eight bytes say, the truth where it is not given. */
export function safetensorsBytes(tensors: readonly RawTensor[], headerLength?: bigint): Uint8Array {
  let offset = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes, place }) => {
    offset += bytes.length;
    const data_offsets = place ?? [offset - bytes.length, offset];
    return [JSON.stringify(name), JSON.stringify({ dtype, shape, data_offsets })].join(':');
  });
  // Not by way of an object: `__proto__` is a name as good as any, and 1e400 no number of JavaScript.
  const header = new TextEncoder().encode(`{"__metadata__":{"format":"pt"},${entries.join(',')}}`);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, headerLength ?? BigInt(header.length), true);
  return Buffer.concat([length, header, ...tensors.map(({ bytes }) => bytes)]);
}

/** A model's weights by Hugging Face's names and shapes: what a torch fixture's `parameters` are. */
export type ModelTensors = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>
>;

/** A policy's flat weights as such tensors: projections are the other way round there than in `flat`. */
export function tensorsOf(config: DecoderConfig, flat: Float32Array): ModelTensors {
  return Object.fromEntries(
    parameterLayout(config).parameters.map(({ name, shape, kind, offset, size }) => {
      const [rows = 0, columns = 1] = shape;
      const turned = kind === 'projection';
      const data = Array.from({ length: size }, (_, i) =>
        Number(flat[offset + (turned ? (i % rows) * columns + Math.floor(i / rows) : i)]),
      );
      return [name, { shape: turned ? shape.toReversed() : shape, data }];
    }),
  );
}

/** How a folder's weights are stored. */
export interface Storage {
  readonly type: FloatType;
  /** One file, or this many with an index. */
  readonly shardCount: number;
}

/** Name of a shard, as transformers gives it. */
export const shardName = (index: number, count: number): string =>
  count === 1
    ? 'model.safetensors'
    : `model-${String(index + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;

export const INDEX_NAME = 'model.safetensors.index.json';

/** Writes config.json and the weights, rounded to their type; `change` may spoil the tensors first. Which of them is in which
 *  shard goes round in turn, so that no shard is a run of layers. */
export function writeCheckpointFiles(
  folder: string,
  config: DecoderConfig,
  tensors: ModelTensors,
  { type, shardCount }: Storage,
  change: (tensors: readonly RawTensor[]) => readonly RawTensor[] = (same) => same,
): void {
  mkdirSync(folder, { recursive: true });
  // A wrong dtype on purpose: what counts is what the tensors say.
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...architectureFile(config), torch_dtype: 'float64' }));
  const raw = change(
    Object.entries(tensors).map(([name, { shape, data }]) => ({
      name,
      dtype: type,
      shape,
      bytes: encodedFloats(type, data),
    })),
  );
  const weightMap: Record<string, string> = {};
  for (let index = 0; index < shardCount; index++) {
    const own = raw.filter((_, i) => i % shardCount === index);
    const file = shardName(index, shardCount);
    for (const { name } of own) weightMap[name] = file;
    writeFileSync(join(folder, file), safetensorsBytes(own));
  }
  const total = raw.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (shardCount > 1) writeIndex(folder, weightMap, total);
}

/** Writes the index that says which file each tensor is in. */
export function writeIndex(folder: string, weightMap: Readonly<Record<string, string>>, totalBytes = 0): void {
  const index = { metadata: { total_size: totalBytes }, weight_map: weightMap };
  writeFileSync(join(folder, INDEX_NAME), JSON.stringify(index, null, 2));
}

/** The tensors as they are read back from a type. */
export function storedTensors(type: FloatType, tensors: ModelTensors): ModelTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => stored(type, x)) }]),
  );
}
