import type { BenchmarkFileError } from '../errors.js';
import { decodeText, lineError } from './file-text.js';
import { jsonLines, jsonList } from './json-records.js';
import { isParquet, parquetRecords } from './parquet-records.js';
import { isXml, xmlRecords } from './xml-records.js';

/** One record of a file: its value, or why it could not be read. `place` says where it stands, as `line 3` or `row 12`. */
export type FileRecord = { readonly place: string; readonly line: number | null } & (
  | { readonly value: unknown }
  | { readonly error: BenchmarkFileError }
);

/** The records of a file in any of its kinds, which are told apart by content: Parquet, XML, JSON (a list, or an object with
 *  the list in `examples`), or JSON lines. Blank lines are passed over.
 *  @throws BenchmarkFileError where the file as a whole can't be read. */
export async function fileRecords(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<Iterable<FileRecord>> {
  if (isParquet(bytes)) return parquetRecords(bytes, file);
  const text = decodeText(bytes, file);
  if (text.trim() === '') throw lineError(file, 1, 'is empty; expected records, one a line');
  if (isXml(text)) return xmlRecords(text, file);
  return jsonList(text, file) ?? jsonLines(text, file);
}
