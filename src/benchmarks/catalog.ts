import { nearest } from '../config.js';
import { UsageError } from '../errors.js';
import type { AnswerRule } from '../grading/answer-rules.js';
import type { Domain } from '../rl/questions.js';
import * as fields from './fields.js';
import * as gradeSchool from './fields-grade-school.js';
import type { Metric } from './metric.js';

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
  /** How an answer is read and compared. */
  readonly rule: AnswerRule;
  /** How it is measured where nothing else is asked for; the first is its own. */
  readonly metrics: readonly Metric[];
  /** The file that the items were read from; null for generated ones. */
  readonly file: string | null;
  /** SHA-256 of that file. */
  readonly fileSha256: string | null;
  readonly items: readonly BenchmarkItem[];
}

/** What is known of a benchmark that is read from a public file. */
export interface FileBenchmark {
  readonly domain: Domain;
  readonly rule: AnswerRule;
  readonly metrics: readonly Metric[];
  /** Reads one record of the file. */
  readonly record: fields.RecordReader;
  /** Other names that it goes by, in letters and digits alone. */
  readonly aliases?: readonly string[];
}

const GREEDY = ['greedy'] as const;
const BOTH = ['greedy', 'mean@1'] as const;
const MEAN_32 = ['mean@32'] as const;
const math = { domain: 'math', rule: 'value', metrics: GREEDY } as const;
const general = { domain: 'general', rule: 'choice', metrics: GREEDY } as const;

/**
 * Benchmarks that are read from public files: `--benchmark NAME=FILE`. Metrics are those of Huang et al. 2025 (section 4.1):
 * greedy, and the mean of 32 samples on AIME.
 */
export const FILE_BENCHMARKS = {
  math: { ...math, record: fields.math },
  math500: { ...math, record: fields.math500 },
  gsm8k: { ...math, record: gradeSchool.gsm8k },
  amc23: { ...math, record: fields.amc23, aliases: ['amc'] },
  minerva: { ...math, record: fields.minerva, aliases: ['minervamath'] },
  olympiadbench: { ...math, record: fields.olympiadBench, aliases: ['olympiad'] },
  aime24: { ...math, metrics: MEAN_32, record: fields.aime, aliases: ['aime2024'] },
  aime25: { ...math, metrics: MEAN_32, record: fields.aime, aliases: ['aime2025'] },
  'mmlu-pro': { ...general, record: fields.mmluPro },
  supergpqa: { ...general, record: fields.superGpqa },
  bbeh: { ...general, rule: 'text', record: fields.bigBench, aliases: ['bigbenchextrahard'] },
  bbh: { ...general, rule: 'text', record: fields.bigBench, aliases: ['bigbenchhard'] },
  'bbh-boolean': { ...general, rule: 'text', metrics: BOTH, record: fields.bigBench },
  svamp: { ...math, record: gradeSchool.svamp },
  asdiv: { ...math, record: gradeSchool.asdiv },
  mawps: { ...math, rule: 'rounded', record: gradeSchool.mawps },
  countdown: { ...math, rule: 'countdown', record: fields.countdown },
  'gpt3-arithmetic': { ...math, metrics: BOTH, record: gradeSchool.gpt3Arithmetic },
} as const satisfies Record<string, FileBenchmark>;
export type FileBenchmarkName = keyof typeof FILE_BENCHMARKS;
export const FILE_BENCHMARK_NAMES = Object.keys(FILE_BENCHMARKS) as readonly FileBenchmarkName[];

/** What is known of a benchmark of the catalogue. */
export const fileBenchmark = (name: FileBenchmarkName): FileBenchmark => FILE_BENCHMARKS[name];

/** The name as one of the catalogue; capitals, hyphens and underscores do not matter.
 *  @throws UsageError for a name that is not in it, with the nearest one. */
export function fileBenchmarkName(name: string): FileBenchmarkName {
  const letters = lettersOf(name);
  for (const known of FILE_BENCHMARK_NAMES) {
    if (lettersOf(known) === letters || fileBenchmark(known).aliases?.includes(letters)) return known;
  }
  throw new UsageError(`unknown benchmark "${name}"; ${nearest(name, FILE_BENCHMARK_NAMES)}`);
}

const lettersOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
