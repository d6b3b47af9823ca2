import { CheckpointError } from '../errors.js';
import { indexOfNotFinite } from '../lm/float-formats.js';
import { toBfloat16, toFloat16 } from '../lm/half-floats.js';

/** A file of an export, whose bytes are made as they are written. */
export interface ExportFile {
  /** In the export's folder, with `/` between. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The bytes in order; a chunk is not changed after it was given. */
  readonly chunks: () => Iterable<Uint8Array>;
}

/** A file of a few bytes. */
export function smallFile(path: string, content: string | Uint8Array): ExportFile {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return { path, sizeBytes: bytes.length, chunks: () => [bytes] };
}

/** A JSON file as Hugging Face writes them. */
export const jsonFile = (path: string, content: object): ExportFile =>
  smallFile(path, `${JSON.stringify(content, null, 2)}\n`);

export const EXPORT_DTYPES = ['f32', 'f16', 'bf16'] as const;
/** How weights are stored. */
export type ExportDtype = (typeof EXPORT_DTYPES)[number];

export const bytesPerElement = (dtype: ExportDtype): number => (dtype === 'f32' ? 4 : 2);

/** Elements that are converted together: large tensors have no second copy in another type. */
const BLOCK = 2 ** 22;

/** A tensor's bytes in a type, little-endian, in blocks.
 *  @throws CheckpointError for a value that is not finite, or too large for the type. */
export function* encodeTensor(name: string, data: Float32Array, dtype: ExportDtype): Generator<Uint8Array> {
  for (let start = 0; start < data.length; start += BLOCK)
    yield encodeBlock(name, data.subarray(start, start + BLOCK), dtype);
}

function encodeBlock(name: string, data: Float32Array, dtype: ExportDtype): Uint8Array {
  if (indexOfNotFinite(bytesOf(data), 'float32') >= 0)
    throw new CheckpointError(
      `${name} has a value that is not finite; make the checkpoint again, or download it again`,
    );
  if (dtype === 'f32') return bytesOf(data);
  const half = dtype === 'f16' ? toFloat16(data) : toBfloat16(data);
  const infinite = dtype === 'f16' ? 0x7c00 : 0x7f80;
  const tooLarge = half.findIndex((bits) => (bits & 0x7fff) >= infinite);
  if (tooLarge >= 0) {
    const mend = dtype === 'f16' ? 'use --dtype bf16 or f32' : 'use --dtype f32';
    throw new CheckpointError(`${name} has the value ${data[tooLarge]}, too large for ${dtype}; ${mend}`);
  }
  return bytesOf(half);
}

const bytesOf = (data: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
