import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { BenchmarkFileError } from '../errors.js';
import type { FileRecord } from './records.js';

const MAGIC = 'PAR1';
/** What a page may come to: it is a part of one column. */
const MAX_PAGE_BYTES = 256 * 1024 * 1024;

export const isParquet = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 4)).toString('latin1') === MAGIC;

/** The rows of a Parquet file whose pages are plain or packed with Snappy, gzip or Brotli. Integers come as numbers.
 *  @throws BenchmarkFileError where it is cut or damaged, or packed otherwise. */
export async function parquetRecords(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<FileRecord[]> {
  const whole = Buffer.from(bytes.subarray(-4)).toString('latin1') === MAGIC;
  if (!whole) throw fault(file, 'it is cut: the end that a Parquet file has is missing');
  let rows: readonly unknown[];
  try {
    rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
      compressors: {
        GZIP: (packed) => gunzipSync(packed, { maxOutputLength: MAX_PAGE_BYTES }),
        BROTLI: (packed) => brotliDecompressSync(packed, { maxOutputLength: MAX_PAGE_BYTES }),
      },
    });
  } catch (cause) {
    throw fault(file, 'it can not be read as Parquet', cause);
  }
  return rows.map((value, i) => ({ place: `row ${i + 1}`, line: null, value: withNumbers(value) }));
}

/** The same value with its 64-bit integers as numbers where these are exact. */
function withNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withNumbers(part)]));
}

const fault = (file: string, found: string, cause?: unknown): BenchmarkFileError =>
  new BenchmarkFileError(`${file}: ${found}; give the whole file`, { cause, details: { file } });
