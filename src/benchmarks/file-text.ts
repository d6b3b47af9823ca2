import { readFileSync, statSync } from 'node:fs';
import { BenchmarkFileError } from '../errors.js';

/** The largest public file, SuperGPQA's, has about 25 MB. */
const MAX_SIZE_BYTES = 256 * 1024 * 1024;

/** The bytes of a file. @throws BenchmarkFileError when it is not there, can't be read, or is too large. */
export function readBytes(file: string): Uint8Array<ArrayBuffer> {
  let sizeBytes: number;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    sizeBytes = statSync(file).size;
    bytes = sizeBytes > MAX_SIZE_BYTES ? new Uint8Array() : new Uint8Array(readFileSync(file));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const found = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new BenchmarkFileError(`${file} ${found}; give the path of a file`, { cause, details: { file } });
  }
  if (sizeBytes <= MAX_SIZE_BYTES) return bytes;
  throw new BenchmarkFileError(`${file} has ${sizeBytes} bytes; at most ${MAX_SIZE_BYTES} are read`, {
    details: { file },
  });
}

/** UTF-8 as text, without byte order mark and with `\n` line ends. @throws BenchmarkFileError with the line of a wrong byte. */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch (cause) {
    const text = new TextDecoder('utf-8').decode(bytes); // with U+FFFD for what is wrong
    throw lineError(file, lineAt(text, text.indexOf('\ufffd')), 'is not UTF-8 text', cause);
  }
}

/** The line, from 1, of a position in a text. */
export const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/** `FILE, line 3: …`. */
export const lineError = (file: string, line: number, found: string, cause?: unknown): BenchmarkFileError =>
  new BenchmarkFileError(`${file}, line ${line}: ${found}`, { cause, details: { file, line } });
