import { createHash } from 'node:crypto';
import { BenchmarkFileError } from '../errors.js';
import {
  type Benchmark,
  type BenchmarkItem,
  FILE_BENCHMARK_NAMES,
  type FileBenchmarkName,
  fileBenchmark,
  fileBenchmarkName,
} from './catalog.js';
import type { FileItem } from './fields.js';
import { readBytes } from './file-text.js';
import { type FileRecord, fileRecords } from './records.js';

export interface LoadSettings {
  /** The first so many items; null for all. The whole file is checked in any case. */
  readonly limit: number | null;
  /** Passes over records that can't be read, and counts them. */
  readonly skipBad: boolean;
}

export interface LoadedBenchmark extends Benchmark {
  readonly file: string;
  readonly fileSha256: string;
  /** Records that were passed over, and what is wrong with the first of them. */
  readonly skipped: { readonly count: number; readonly first: string | null };
}

/** The items of a public benchmark file.
 *  @throws UsageError for an unknown benchmark.
 *  @throws BenchmarkFileError when the file can't be read, has no items, or has anything malformed; then with the line. */
export async function loadBenchmark(name: string, file: string, settings: LoadSettings): Promise<LoadedBenchmark> {
  const known = fileBenchmarkName(name);
  const { domain, rule, metrics } = fileBenchmark(known);
  const { items, skipped, sha256 } = await readItems(known, file, settings);
  return {
    name: known,
    domain,
    rule,
    metrics,
    file,
    fileSha256: sha256,
    skipped,
    items: items.map(({ question, answer }): BenchmarkItem => ({ question, answer, domain })),
  };
}

/** The items of a file with their solutions, which examples for few-shot prompts are made of.
 *  @throws as {@link loadBenchmark}. */
export async function readItems(
  name: FileBenchmarkName,
  file: string,
  { limit, skipBad }: LoadSettings,
): Promise<{
  readonly items: readonly FileItem[];
  readonly skipped: LoadedBenchmark['skipped'];
  readonly sha256: string;
}> {
  const bytes = readBytes(file);
  const items: FileItem[] = [];
  const bad: BenchmarkFileError[] = [];
  for (const record of await fileRecords(bytes, file)) {
    const item = 'error' in record ? record.error : itemOf(name, record, file);
    if (!(item instanceof BenchmarkFileError)) items.push(item);
    else if (skipBad) bad.push(item);
    else throw item;
  }
  if (items.length === 0) {
    if (bad[0] !== undefined) throw bad[0]; // all of them are bad: what the first lacks says most
    throw new BenchmarkFileError(`${file}, line 1: has no items; expected a file of ${name}`, {
      details: { file, line: 1 },
    });
  }
  return {
    items: limit === null ? items : items.slice(0, limit),
    skipped: { count: bad.length, first: bad[0]?.message ?? null },
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** The item of a record, or what is wrong with it. */
function itemOf(
  name: FileBenchmarkName,
  record: FileRecord & { readonly value: unknown },
  file: string,
): FileItem | BenchmarkFileError {
  const item = fileBenchmark(name).record(record.value);
  if (typeof item !== 'string') return item;
  const { place, line } = record;
  const others = FILE_BENCHMARK_NAMES.filter((other) => typeof fileBenchmark(other).record(record.value) !== 'string');
  const hint = others.length === 0 ? '' : `; it looks like a record of ${others.join(' or ')}, not of ${name}`;
  return new BenchmarkFileError(`${file}, ${place}: ${item}${hint}`, {
    details: { file, ...(line === null ? { place } : { line }) },
  });
}
