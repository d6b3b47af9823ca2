import type { Benchmark, FileBenchmarkName } from '../src/benchmarks/catalog.js';
import { loadBenchmark } from '../src/benchmarks/load.js';
import { generatedSuite } from '../src/benchmarks/suite.js';
import { parseConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { stream } from '../src/random.js';
import { openReader, weightsFolder } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import { benchmarkScores } from '../storage/scores.js';
import { runBenchmarks, type ScoreRow } from './benchmarks.js';
import { formatOf, type ReadableModel, readable, readableModel, trainableModel, withReader } from './model.js';
import { weightsAfter } from './policy-keeper.js';
import type { OnProgress } from './progress.js';

export interface EvaluateSettings {
  readonly target:
    | { readonly kind: 'model'; readonly model: string }
    | { readonly kind: 'run'; readonly runId: string; readonly iteration: number; readonly databaseFile: string };
  readonly files: readonly { readonly name: FileBenchmarkName; readonly file: string }[];
  readonly limit: number | null;
  /** Samples of each item at temperature 1, beside the greedy answer; null for each benchmark's own metrics. */
  readonly samples: number | null;
  /** Passes over records of a file that can't be read, and counts them. */
  readonly skipBad: boolean;
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
  /** Hears what the user should know, as a sentence. */
  readonly onNews: (text: string) => void;
}

/** Items of each generated task where no limit is given. */
const GENERATED_ITEMS = 200;

/** Scores of a checkpoint, or of a run's Solver, on files; without one, on generated held-out items.
 *  @throws UsageError for a run or an iteration that is not there. */
export async function evaluate(settings: EvaluateSettings): Promise<readonly ScoreRow[]> {
  const benchmarks: readonly Benchmark[] =
    settings.files.length > 0 ? await loadFiles(settings) : generatedSuite(settings.limit ?? GENERATED_ITEMS, 0);
  const model = loadTarget(settings.target);
  const format = formatOf(model);
  const { samples, worked } = settings;
  const maxTokens = settings.maxTokens ?? format.answerTokens;
  const { rows } = await withReader(model, settings, (reader) =>
    runBenchmarks(
      reader,
      model.tokenizer,
      format,
      benchmarks,
      { samples, maxTokens, worked, key: stream(settings.seed, 'evaluation') },
      (done, total) => settings.onProgress({ label: 'evaluate', done, total, unit: 'passes' }),
    ),
  );
  return rows;
}

async function loadFiles({ files, limit, skipBad, onNews }: EvaluateSettings): Promise<readonly Benchmark[]> {
  const loaded = await Promise.all(files.map(({ name, file }) => loadBenchmark(name, file, { limit, skipBad })));
  for (const { file, skipped } of loaded) {
    if (skipped.count > 0) onNews(`${file}: ${skipped.count} records passed over; the first: ${skipped.first}`);
  }
  return loaded;
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
