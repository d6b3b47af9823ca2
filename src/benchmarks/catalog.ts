import { nearest } from '../config.js';
import { UsageError } from '../errors.js';
import type { Domain } from '../rl/questions.js';

/** One question with its reference answer. Read by evaluation only: nothing is trained on it. */
export interface BenchmarkItem {
  readonly question: string;
  readonly answer: string;
  readonly domain: Domain;
}

/** The items that one score is about. */
export interface Benchmark {
  /** A name of the catalogue of files, or the name of a generated task. */
  readonly name: string;
  readonly domain: Domain;
  /** The file that the items were read from; null for generated ones. */
  readonly file: string | null;
  readonly items: readonly BenchmarkItem[];
}

/** Benchmarks that are read from public files: `--benchmark NAME=FILE`. */
export const FILE_BENCHMARKS = {
  'gpt3-arithmetic': { domain: 'math', format: 'gpt3-lines' },
  'bbh-boolean': { domain: 'general', format: 'bbh-examples' },
} as const satisfies Record<string, { domain: Domain; format: 'gpt3-lines' | 'bbh-examples' }>;
export type FileBenchmarkName = keyof typeof FILE_BENCHMARKS;

/** The name as one of the catalogue.
 *  @throws UsageError for a name that is not in it, with the nearest one. */
export function fileBenchmarkName(name: string): FileBenchmarkName {
  for (const known of Object.keys(FILE_BENCHMARKS) as FileBenchmarkName[]) if (known === name) return known;
  throw new UsageError(`unknown benchmark "${name}"; ${nearest(name, Object.keys(FILE_BENCHMARKS))}`);
}
