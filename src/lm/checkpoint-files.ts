import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../errors.js';
import { headerLength, type TensorPlace, tensorPlaces } from './safetensors.js';

/**
 * The files of a checkpoint's weights: one model.safetensors, or several shards named by an index. Hugging Face's cache
 * keeps them as symbolic links into a folder of blobs, so what is opened is where the links lead.
 */
export const WEIGHTS_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

export interface StoredTensor extends TensorPlace {
  /** Name of the file in the folder of {@link StoredTensors}. */
  readonly file: string;
}
export interface StoredTensors {
  /** Where the files really are. */
  readonly folder: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What to name in a sentence about all of them. */
  readonly path: string;
}

/** The tensors of a checkpoint folder, of whose weights only the headers are read.
 *  @throws CheckpointError where a file is missing, cut or not of the format, and for an index that leads elsewhere. */
export function storedTensors(folder: string): StoredTensors {
  const index = join(folder, INDEX_FILE);
  const shards = existsSync(index) ? readIndex(index) : null;
  if (shards === null) {
    const path = join(folder, WEIGHTS_FILE);
    if (!existsSync(path) && existsSync(join(folder, 'pytorch_model.bin')))
      throw new CheckpointError(
        `${folder} has its weights in pytorch_model.bin, which can run code when it is read; save the model as safetensors`,
      );
    const real = realPath(path);
    const file = basename(real);
    const tensors = new Map([...readPlaces(real, path)].map(([name, place]) => [name, { ...place, file }]));
    return { folder: dirname(real), tensors, path };
  }
  const tensors = new Map<string, StoredTensor>();
  let home: string | null = null;
  for (const [shard, names] of shards) {
    const path = join(folder, shard);
    const real = realPath(path);
    home ??= dirname(real);
    if (dirname(real) !== home)
      throw new CheckpointError(`${path} is in ${dirname(real)} and other shards in ${home}; put them in one folder`);
    const places = readPlaces(real, path);
    for (const name of names) {
      const place = places.get(name);
      if (place === undefined)
        throw new CheckpointError(`${path} has no tensor ${name}, which ${INDEX_FILE} puts there`);
      tensors.set(name, { ...place, file: basename(real) });
    }
  }
  return { folder: home ?? folder, tensors, path: index };
}

/** Bytes of a file from `from` to `to`. */
export function readBytes(path: string, from: number, to: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(to - from);
    // One call of read(2) takes 2 GB at most, and may give less.
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), from + done);
      if (count === 0) throw new CheckpointError(`${path} ends at byte ${from + done}; it was cut while it was read`);
      done += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

const indexFile = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** The names of the tensors in each shard. */
function readIndex(path: string): Map<string, string[]> {
  const parsed = indexFile.safeParse(readJson(path));
  if (!parsed.success) throw new CheckpointError(`${path}: expected "weight_map", from a tensor's name to its file`);
  const shards = new Map<string, string[]>();
  for (const [name, shard] of Object.entries(parsed.data.weight_map)) {
    if (basename(shard) !== shard || shard.includes('\\') || !shard.endsWith('.safetensors'))
      throw new CheckpointError(
        `${path}: ${name} is said to be in ${JSON.stringify(shard)}; a shard is a .safetensors file beside its index`,
      );
    shards.set(shard, [...(shards.get(shard) ?? []), name]);
  }
  return shards;
}

/** A JSON file of a checkpoint folder. @throws CheckpointError where it is missing or not JSON. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path} is not JSON`, { cause });
  }
}

/** The header of a safetensors file; its tensors may be larger than a buffer can be. `path` is what it is called. */
function readPlaces(real: string, path: string): Map<string, TensorPlace> {
  let file: number;
  try {
    file = openSync(real, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const { size } = fstatSync(file);
    const start = new Uint8Array(8);
    const length = headerLength(start.subarray(0, readSync(file, start, 0, 8, 0)), size, path);
    const header = new Uint8Array(length);
    readSync(file, header, 0, length, 0);
    return tensorPlaces(header, size, path);
  } finally {
    closeSync(file);
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): CheckpointError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const fault = missing ? 'is missing; a checkpoint folder needs it' : 'could not be read';
  return new CheckpointError(`${path} ${fault}`, { cause });
}
