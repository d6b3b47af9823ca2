import { CheckpointError } from '../errors.js';
import { type FloatFormat, toFloat32 } from './float-formats.js';

/**
 * The safetensors format: eight bytes of header length, a JSON header, then the raw tensors. No kept library for it
 * is in the registry; the format is this file's length. https://github.com/huggingface/safetensors (README, "Format").
 */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const MAX_HEADER_BYTES = 100_000_000;

/** A tensor as a header has it. Its type is the format's name. */
export interface HeaderEntry {
  readonly name: string;
  readonly type: keyof typeof TYPE_BYTES;
  readonly shape: readonly number[];
}

/** Bytes of an element, by the format's names of types. */
const TYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** Bytes that a tensor takes in a file. */
export const placeBytes = ({ shape, type }: Pick<HeaderEntry, 'shape' | 'type'>): number =>
  shape.reduce((size, dim) => size * dim, TYPE_BYTES[type]);

/** The first bytes of a file, after which the tensors follow in their order: the length of the header in eight, and the header,
 *  padded to 8 bytes so that they are aligned. transformers refuses a file that does not say whose format it is. */
export function safetensorsHeader(
  entries: readonly HeaderEntry[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: [string, unknown][] = [['__metadata__', { format: 'pt', ...metadata }]];
  let offset = 0;
  for (const entry of entries) {
    const end = offset + placeBytes(entry);
    header.push([entry.name, { dtype: entry.type, shape: entry.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8).set(json, 8);
  return bytes;
}

/** The file's bytes for float32 tensors, in the map's order, with string metadata. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = [...tensors].map(([name, { shape }]): HeaderEntry => ({ name, type: 'F32', shape }));
  const start = safetensorsHeader(entries, metadata);
  const dataBytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const bytes = new Uint8Array(start.length + dataBytes);
  bytes.set(start);
  let at = start.length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** Where a tensor lies in a file. */
export interface TensorPlace {
  readonly shape: readonly number[];
  /** Bytes from the file's start. */
  readonly from: number;
  readonly to: number;
  /** The format's name for its type, such as `BF16`. */
  readonly type: HeaderEntry['type'];
}

const isType = (type: string): type is HeaderEntry['type'] => Object.hasOwn(TYPE_BYTES, type);

/** Types of weights that can be read. */
const FLOAT_TYPES: ReadonlyMap<HeaderEntry['type'], FloatFormat> = new Map([
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
]);
/** How a tensor's numbers are stored. @throws CheckpointError for a type that is not one of weights. */
export function floatFormat(name: string, { type }: TensorPlace, path: string): FloatFormat {
  const format = FLOAT_TYPES.get(type);
  if (format !== undefined) return format;
  throw new CheckpointError(`${path}: tensor ${name} has type ${type}; weights are read as F32, F16 or BF16`);
}

/** The tensors of a file, as float32.
 *  @throws CheckpointError when the file is cut, its header is not one, or a type is not one of weights. */
export function decodeSafetensors(bytes: Uint8Array, path: string): Map<string, NamedTensor> {
  return new Map(
    [...tensorPlaces(bytes, bytes.length, path)].map(([name, place]) => {
      const data = toFloat32(bytes.subarray(place.from, place.to), floatFormat(name, place, path));
      return [name, { shape: place.shape, data }];
    }),
  );
}

/** Bytes of the header, its own length included, as the first eight bytes of a file say.
 *  @throws CheckpointError when a file of `fileBytes` can't have it. */
export function headerLength(start: Uint8Array, fileBytes: number, path: string): number {
  if (start.length < 8) throw broken(path, `${fileBytes} bytes`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > fileBytes)
    throw broken(path, `its header would take ${headerBytes} bytes`);
  return 8 + headerBytes;
}

/** The places of a file's tensors, from its first bytes: the header must be whole in them.
 *  @throws CheckpointError when the file is cut, its header is not one, or tensors lie outside of it or over each other. */
export function tensorPlaces(start: Uint8Array, fileBytes: number, path: string): Map<string, TensorPlace> {
  const dataStart = headerLength(start, fileBytes, path);
  const places = new Map<string, TensorPlace>();
  for (const [name, entry] of Object.entries(parseHeader(start.subarray(8, dataStart), path))) {
    if (name !== '__metadata__') places.set(name, tensorPlace(name, entry, dataStart, fileBytes, path));
  }
  let [end, before] = [dataStart, ''];
  for (const [name, { from, to }] of [...places].sort(([, a], [, b]) => a.from - b.from || a.to - b.to)) {
    if (from < end) throw broken(path, `tensors ${before} and ${name} lie over each other`);
    [end, before] = [to, name];
  }
  return places;
}

function tensorPlace(name: string, entry: unknown, dataStart: number, fileBytes: number, path: string): TensorPlace {
  if (typeof entry !== 'object' || entry === null) throw broken(path, `tensor ${name} has no type, shape or place`);
  const { dtype: type, shape, data_offsets: offsets } = entry as Readonly<Record<string, unknown>>;
  if (typeof type !== 'string') throw broken(path, `tensor ${name} has no type`);
  if (!isIntegers(shape) || !isIntegers(offsets) || offsets.length !== 2)
    throw broken(path, `tensor ${name} has no shape or place`);
  const [from, to] = [dataStart + (offsets[0] as number), dataStart + (offsets[1] as number)];
  if (!isType(type)) throw broken(path, `tensor ${name} has the unknown type ${type.slice(0, 20)}`);
  if (to > fileBytes || to - from !== placeBytes({ shape, type }))
    throw broken(path, `tensor ${name} lies outside of it`);
  return { shape, from, to, type };
}

const broken = (path: string, what: string): CheckpointError =>
  new CheckpointError(`${path} is not a whole safetensors file: ${what}; make it again, or download it again`);

function parseHeader(bytes: Uint8Array, path: string): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header;
  } catch (cause) {
    throw new CheckpointError(`${path} is not a safetensors file: its header is not JSON`, { cause });
  }
  throw new CheckpointError(`${path} is not a safetensors file: its header is not an object`);
}

const isIntegers = (x: unknown): x is number[] =>
  Array.isArray(x) && x.every((item) => Number.isSafeInteger(item) && item >= 0);
