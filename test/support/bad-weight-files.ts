import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { encodedFloats } from './half-precision.js';
import { type ModelTensors, type RawTensor, type Storage, shardName, writeCheckpointFiles } from './raw-checkpoint.js';

/**
 * Checkpoint folders that must be refused, each with one sentence. Every one is whole but for its fault, so that nothing
 * else can be what is complained about.
 */
export interface BadCheckpoint {
  /** What a sentence about it should name. */
  readonly names: readonly string[];
  /** Makes the folder. What lies beside it may be written to as well. */
  readonly make: (folder: string, model: Model, storage: Storage) => void;
}
interface Model {
  readonly config: DecoderConfig;
  readonly tensors: ModelTensors;
}

/** A tensor of the second of two shards, and of every model. */
export const VICTIM = 'model.layers.0.input_layernorm.weight';

type Change = (tensors: readonly RawTensor[], storage: Storage) => readonly RawTensor[];

/** A folder whose victim, or whose list of tensors, is changed. */
const changed =
  (change: Change): BadCheckpoint['make'] =>
  (folder, { config, tensors }, storage) =>
    writeCheckpointFiles(folder, config, tensors, storage, (raw) => change(raw, storage));
const victim = (change: (tensor: RawTensor, storage: Storage) => RawTensor): BadCheckpoint['make'] =>
  changed((raw, storage) => raw.map((tensor) => (tensor.name === VICTIM ? change(tensor, storage) : tensor)));

/** A whole folder, of which `spoil` changes a file. */
export const spoilt =
  (spoil: (folder: string, file: string) => void): BadCheckpoint['make'] =>
  (folder, { config, tensors }, storage) => {
    writeCheckpointFiles(folder, config, tensors, storage);
    spoil(folder, join(folder, shardName(storage.shardCount - 1, storage.shardCount)));
  };

/** The victim said to lie elsewhere. */
const placed = (place: (bytes: Uint8Array) => readonly unknown[]): BadCheckpoint['make'] =>
  victim((tensor) => ({ ...tensor, place: place(tensor.bytes) }));

/** Values of the victim, with one of them changed. */
const withValue = (value: number): BadCheckpoint['make'] =>
  victim((tensor, { type }) => {
    const bytes = tensor.bytes.slice();
    bytes.set(encodedFloats(type, [value]), bytes.length - (type === 'F32' ? 4 : 2));
    return { ...tensor, bytes };
  });

/** Faults of a weights file by itself, of a single one or of the last shard: what is wrong → how. */
export const BAD_WEIGHT_FILES: Readonly<Record<string, BadCheckpoint>> = {
  'a file cut in its last tensor': {
    names: [],
    make: spoilt((_, file) => truncateSync(file, statSync(file).size - 3)),
  },
  'a file cut in its header': { names: [], make: spoilt((_, file) => truncateSync(file, 100)) },
  'a file of five bytes': { names: [], make: spoilt((_, file) => truncateSync(file, 5)) },
  'an empty file': { names: [], make: spoilt((_, file) => truncateSync(file, 0)) },
  'a header longer than any file': { names: [], make: spoilt((_, file) => writeHeaderLength(file, 2n ** 63n)) },
  'a header longer than its file': { names: [], make: spoilt((_, file) => writeHeaderLength(file, 2n ** 31n)) },
  'a header that is no JSON': { names: [], make: spoilt((_, file) => writeHeaderLength(file, 20n)) },
  integers: { names: [VICTIM, 'I32'], make: victim(asIntegers) },
  'a type that nobody has heard of': { names: [VICTIM], make: victim((tensor) => ({ ...tensor, dtype: 'F17' })) },
  'a missing tensor': { names: [VICTIM], make: changed((raw) => raw.filter(({ name }) => name !== VICTIM)) },
  'a tensor of another shape': {
    names: [VICTIM],
    make: victim((tensor) => ({ ...tensor, shape: [1, ...tensor.shape] })),
  },
  'a negative shape': { names: [VICTIM], make: victim((tensor) => ({ ...tensor, shape: [-1, -8] })) },
  'a shape whose size overflows': {
    names: [VICTIM],
    make: victim((tensor) => ({ ...tensor, shape: [2 ** 40, 2 ** 40] })),
  },
  'a place past the end': { names: [VICTIM], make: placed(({ length }) => [1e12, 1e12 + length]) },
  'a place that ends before it begins': { names: [VICTIM], make: placed(({ length }) => [length, 0]) },
  'a place before the file': { names: [VICTIM], make: placed(({ length }) => [-length, 0]) },
  'a place that is no number': { names: [VICTIM], make: placed(() => ['0', null]) },
  'two tensors in one place': { names: [], make: changed(overlapping) },
  'a value that is not a number': { names: [VICTIM], make: withValue(Number.NaN) },
  'a value that is infinite': { names: [VICTIM], make: withValue(Number.NEGATIVE_INFINITY) },
};

/** Whole numbers, in as many bytes as they need. */
function asIntegers(tensor: RawTensor): RawTensor {
  const bytes = new Uint8Array(Int32Array.from({ length: Number(tensor.shape[0]) }, (_, i) => i).buffer);
  return { ...tensor, dtype: 'I32', bytes };
}

/** Two tensors of one size in a file, the later in the place of the earlier; the bytes are all there. */
function overlapping(raw: readonly RawTensor[], { shardCount }: Storage): readonly RawTensor[] {
  let offset = 0;
  const file = raw
    .map((tensor, i) => ({ tensor, shard: i % shardCount }))
    .filter(({ shard }) => shard === shardCount - 1);
  const places = new Map<string, readonly [number, number]>();
  for (const { tensor } of file) {
    places.set(tensor.name, [offset, offset + tensor.bytes.length]);
    offset += tensor.bytes.length;
  }
  const second = file.find(({ tensor }, i) =>
    file.slice(0, i).some((each) => each.tensor.bytes.length === tensor.bytes.length),
  );
  const first = file.find(({ tensor }) => tensor.bytes.length === second?.tensor.bytes.length);
  if (first === undefined || second === undefined) throw new Error('no two tensors of one size');
  const place = places.get(first.tensor.name) as readonly [number, number];
  return raw.map((tensor) => (tensor === second.tensor ? { ...tensor, place } : tensor));
}

function writeHeaderLength(file: string, length: bigint): void {
  const bytes = readFileSync(file);
  bytes.writeBigUInt64LE(length);
  writeFileSync(file, bytes);
}
