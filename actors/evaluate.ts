import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark, FileBenchmarkName } from '../src/benchmarks/catalog.js';
import { cachedFile, type DownloadSettings } from '../src/benchmarks/download.js';
import { HUB_FILES } from '../src/benchmarks/hub-files.js';
import { type LoadedBenchmark, loadBenchmark } from '../src/benchmarks/load.js';
import { ownShots, type Shots, shotsFromFile } from '../src/benchmarks/shots.js';
import { generatedSuite } from '../src/benchmarks/suite.js';
import { parseConfig } from '../src/config.js';
import { DatabaseError, UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { stream } from '../src/random.js';
import { commit, type Writer } from '../storage/connection.js';
import { openReader, openWriter, weightsFolder } from '../storage/database.js';
import { newEvaluationId, recordEvaluation } from '../storage/evaluations.js';
import { runDetails } from '../storage/find-run.js';
import { DatabaseInUse } from '../storage/lock.js';
import { benchmarkScores } from '../storage/scores.js';
import { type BenchmarkResult, runBenchmarks } from './benchmarks.js';
import { resultRecord } from './evaluation-record.js';
import { formatOf, type ReadableModel, readable, readableModel, trainableModel, withReader } from './model.js';
import { weightsAfter } from './policy-keeper.js';
import type { OnProgress } from './progress.js';

export interface EvaluateSettings {
  readonly target:
    | { readonly kind: 'model'; readonly model: string }
    | { readonly kind: 'run'; readonly runId: string; readonly iteration: number; readonly databaseFile: string };
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
  if (settings.storeIn !== null) tryWriting(settings.storeIn);
  const model = loadTarget(settings.target);
  const format = formatOf(model);
  const { samples, worked, stops, seed } = settings;
  const maxTokens = settings.maxTokens ?? format.answerTokens;
  const contextTokens = model.config.maxPositions;
  const { results, tooLong } = await withReader(model, settings, (reader) =>
    runBenchmarks(
      reader,
      model.tokenizer,
      format,
      benchmarks,
      { samples, maxTokens, worked, shots, stops, contextTokens, seed, key: stream(seed, 'evaluation') },
      (done, total) => settings.onProgress({ label: 'evaluate', done, total, unit: 'passes' }),
    ),
  );
  if (tooLong > 0)
    settings.onNews(
      `${tooLong} questions leave no room for ${maxTokens} tokens in the ${contextTokens} of the model; they count as wrong`,
    );
  const id = settings.storeIn === null ? null : await store(settings, settings.storeIn, results);
  const skipped = loaded.flatMap((each) => (each.skipped.count === 0 ? [] : [{ file: each.file, ...each.skipped }]));
  return { id, results, skipped };
}

/** A database that can't be written is refused now, not after hours of work. */
function tryWriting(file: string): void {
  try {
    openWriter(file).close();
  } catch (error) {
    if (!(error instanceof DatabaseInUse)) throw error;
    throw new DatabaseError(`${error.message}, or keep nothing with --no-store`, { cause: error.cause });
  }
}

/** How long another process may hold the database when an evaluation is to be stored. */
const PATIENCE_MS = 30_000;

/** Records an evaluation and gives its id. Another may be recording its own at the moment: that is waited for. */
async function store(
  { target, rzeroVersion }: EvaluateSettings,
  file: string,
  results: readonly BenchmarkResult[],
): Promise<string> {
  const db = await openPatiently(file);
  try {
    const id = newEvaluationId(db, randomInt);
    const ofRun = target.kind === 'run' && resolve(target.databaseFile) === resolve(file);
    const evaluation = {
      id,
      origin: 'eval',
      target: target.kind === 'model' ? target.model : `${target.runId}@${target.iteration}`,
      runId: ofRun ? runDetails(db, target.runId).id : null,
      iteration: ofRun ? target.iteration : null,
      evaluatedAt: new Date().toISOString(),
      rzeroVersion,
    } as const;
    commit(db, () =>
      recordEvaluation(
        db,
        evaluation,
        results.map((result) => resultRecord(result, true)),
      ),
    );
    return id;
  } finally {
    db.close();
  }
}

async function openPatiently(file: string): Promise<Writer> {
  for (const begin = performance.now(); ; await pause(200)) {
    try {
      return openWriter(file);
    } catch (error) {
      if (!(error instanceof DatabaseInUse) || performance.now() - begin > PATIENCE_MS) throw error;
    }
  }
}

/** The worked examples of each benchmark: from its file, or this program's own. */
async function shotsOf(
  { shots, shotsFiles }: EvaluateSettings,
  benchmarks: readonly Benchmark[],
): Promise<ReadonlyMap<string, Shots>> {
  if (shots === 0) return new Map();
  const found = new Map<string, Shots>();
  for (const benchmark of benchmarks) {
    const file = shotsFiles.get(benchmark.name);
    found.set(
      benchmark.name,
      file === undefined ? ownShots(benchmark.name, shots) : await shotsFromFile(benchmark, file, shots),
    );
  }
  return found;
}

/** The items of each file. Files of the hub come one after another: their progress is one bar. */
async function loadFiles(settings: EvaluateSettings): Promise<readonly LoadedBenchmark[]> {
  const { limit, skipBad, onNews } = settings;
  const loaded: LoadedBenchmark[] = [];
  for (const { name, file } of settings.files) {
    const benchmark = await loadBenchmark(name, file ?? (await downloaded(name, settings)), { limit, skipBad });
    const { skipped } = benchmark;
    if (skipped.count > 0)
      onNews(`${benchmark.file}: ${skipped.count} records passed over; the first: ${skipped.first}`);
    loaded.push(benchmark);
  }
  return loaded;
}

/** The file of a benchmark from the cache, or from the hub. @throws UsageError for one that the hub has no file of. */
function downloaded(name: FileBenchmarkName, { hub, signal, onProgress }: EvaluateSettings): Promise<string> {
  const file = HUB_FILES[name];
  if (file === undefined) {
    const known = Object.keys(HUB_FILES).join(', ');
    throw new UsageError(`--benchmark wants NAME=FILE for ${name}: the hub has no one file of it, as of ${known}`);
  }
  const kilobytes = (bytes: number): number => Math.round(bytes / 1000);
  return cachedFile(file, {
    ...hub,
    signal,
    onProgress: (done, total) => {
      const expected = total === null ? kilobytes(done) + 1 : kilobytes(total); // not known: not before the end
      onProgress({ label: `download ${name}`, done: kilobytes(done), total: expected, unit: 'kB' });
    },
  });
}

function loadTarget(target: EvaluateSettings['target']): ReadableModel {
  if (target.kind === 'model') return readableModel(target.model);
  const db = openReader(target.databaseFile);
  try {
    const run = runDetails(db, target.runId);
    const last = Math.max(0, ...benchmarkScores(db, run.id).map(({ iteration }) => iteration)); // scored at its end
    if (target.iteration > last) {
      throw new UsageError(
        `run ${run.id} has no iteration ${target.iteration} yet; give one from 0, the base, to ${last}`,
      );
    }
    const model = trainableModel(parseConfig(run.config));
    const place = { runId: run.id, role: 'solver', iteration: target.iteration } as const;
    return readable(model, weightsAfter(db, weightsFolder(db.path), model.layout, place) ?? model.initial);
  } finally {
    db.close();
  }
}
