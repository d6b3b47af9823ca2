import type { Benchmark, FileBenchmarkName } from '../src/benchmarks/catalog.js';
import type { DownloadSettings } from '../src/benchmarks/download.js';
import { generatedSuite } from '../src/benchmarks/suite.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { stream } from '../src/random.js';
import { withGrading } from '../src/workers/grading-pool.js';
import { type BenchmarkResult, runBenchmarks } from './benchmarks.js';
import { loadFiles, shotsOf } from './load-benchmarks.js';
import { formatOf, type ReadableModel, readable, readableModel, withReader } from './model.js';
import type { OnProgress } from './progress.js';
import { type RunPlace, runSolver } from './run-solver.js';
import { storeEvaluation, tryWriting } from './store-evaluation.js';

export interface EvaluateSettings {
  readonly target: { readonly kind: 'model'; readonly model: string } | ({ readonly kind: 'run' } & RunPlace);
  /** A null file is taken from the hub. */
  readonly files: readonly { readonly name: FileBenchmarkName; readonly file: string | null }[];
  readonly hub: Pick<DownloadSettings, 'hub' | 'cacheFolder'>;
  readonly limit: number | null;
  /** Samples of each item at temperature 1, beside the greedy answer; null for each benchmark's own metrics. */
  readonly samples: number | null;
  /** Passes over records of a file that can't be read, and counts them. */
  readonly skipBad: boolean;
  /** Worked examples ahead of each question, and the files that they are from, by benchmark; else this program's own. */
  readonly shots: number;
  readonly shotsFiles: ReadonlyMap<string, string>;
  /** Texts that end an answer, beside what ends one by itself. */
  readonly stops: readonly string[];
  /** Longest answer, in tokens; null gives what the model's format asks for. */
  readonly maxTokens: number | null;
  /** Also with the working forced, and the share of answers that work. */
  readonly worked: boolean;
  readonly executionProvider: ExecutionProvider;
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** The database that keeps the evaluation with every answer; null for none. */
  readonly storeIn: string | null;
  readonly rzeroVersion: string;
  /** Hears what the user should know, as a sentence. */
  readonly onNews: (text: string) => void;
}

/** Items of each generated task where no limit is given. */
const GENERATED_ITEMS = 200;

export interface Evaluation {
  /** Null where it was not stored. */
  readonly id: string | null;
  readonly results: readonly BenchmarkResult[];
  /** Files of which records were passed over. */
  readonly skipped: readonly { readonly file: string; readonly count: number; readonly first: string | null }[];
}

/** Scores of a checkpoint, or of a run's Solver, on files; without one, on generated held-out items.
 *  @throws UsageError for a run or an iteration that is not there; DatabaseError where the database can't be written. */
export async function evaluate(settings: EvaluateSettings): Promise<Evaluation> {
  const loaded = await loadFiles(settings);
  const benchmarks: readonly Benchmark[] =
    settings.files.length > 0 ? loaded : generatedSuite(settings.limit ?? GENERATED_ITEMS, 0);
  const shots = await shotsOf(settings, benchmarks);
  const model = loadTarget(settings.target);
  const format = formatOf(model);
  if (settings.storeIn !== null) tryWriting(settings.storeIn);
  const { samples, worked, stops, seed } = settings;
  const maxTokens = settings.maxTokens ?? format.answerTokens;
  const contextTokens = model.config.maxPositions;
  const { results, tooLong } = await withGrading((grading) =>
    withReader(model, settings, (policy) =>
      runBenchmarks(
        { policy, tokenizer: model.tokenizer, format, grading },
        benchmarks,
        { samples, maxTokens, worked, shots, stops, contextTokens, seed, key: stream(seed, 'evaluation') },
        (done, total) => settings.onProgress({ label: 'evaluate', done, total, unit: 'passes' }),
      ),
    ),
  );
  if (tooLong > 0)
    settings.onNews(
      `${tooLong} questions leave no room for ${maxTokens} tokens in the ${contextTokens} of the model; they count as wrong`,
    );
  const id = settings.storeIn === null ? null : await storeEvaluation(settings, settings.storeIn, results);
  const skipped = loaded.flatMap((each) => (each.skipped.count === 0 ? [] : [{ file: each.file, ...each.skipped }]));
  return { id, results, skipped };
}

function loadTarget(target: EvaluateSettings['target']): ReadableModel {
  if (target.kind === 'model') return readableModel(target.model);
  const { model, learned } = runSolver(target);
  return readable(model, learned);
}
