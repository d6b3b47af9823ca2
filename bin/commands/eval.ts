import type { Command } from 'commander';
import { FILE_BENCHMARK_NAMES, type FileBenchmarkName, fileBenchmarkName } from '../../src/benchmarks/catalog.js';
import { paperAverages } from '../../src/benchmarks/paper.js';
import { UsageError } from '../../src/errors.js';
import { hubPlace } from '../hub.js';
import {
  databaseOption,
  defineCommand,
  jsonOption,
  modelOption,
  parseRunPlace,
  providerOption,
  quietOption,
  repeated,
  seedOption,
  threadsPerWorkerOption,
  wholeNumber,
  workersOption,
} from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { warnWhenCrowded } from '../terminal/crowding.js';
import { evalTable } from '../terminal/eval-table.js';
import { withInterrupt } from '../terminal/interrupt.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';
import { protocolLines } from '../terminal/protocol.js';
import { readVersion } from '../version.js';

interface EvalFlags {
  readonly model?: string;
  readonly run?: string;
  readonly db: string;
  readonly benchmark: readonly string[];
  readonly hub?: string;
  readonly cache?: string;
  readonly limit?: number;
  readonly samples?: number;
  readonly shots: number;
  readonly shotsFile: readonly string[];
  readonly stop: readonly string[];
  readonly skipBad?: true;
  readonly maxTokens?: number;
  readonly worked?: true;
  readonly ep: 'cpu' | 'webgpu' | 'cuda';
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly seed: number;
  readonly store: boolean;
  readonly quiet?: true;
  readonly json?: true;
}

/** The policy to evaluate: a checkpoint folder, or what a run's Solver was after an iteration. */
export type EvalTarget =
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'run'; readonly runId: string; readonly iteration: number; readonly databaseFile: string };

/** `eval`: scores of a model on benchmark files, or on generated held-out items. */
export function addEval(program: Command): void {
  const names = FILE_BENCHMARK_NAMES.join(', ');
  defineCommand(program, 'eval', 'score a model on benchmarks, greedy and sampled, with standard errors', [
    'rzero eval                                         the embedded model on generated, held-out items',
    'rzero eval --run r7f3k2@3 --benchmark gpt3-arithmetic=two_digit_addition.jsonl',
    'rzero eval --model ./my-model --benchmark bbh-boolean=boolean_expressions.json --limit 100 --samples 4 --json',
  ])
    .addOption(modelOption().default('tiny').conflicts('run'))
    .option('--run <id@iteration>', 'the Solver of a run after an iteration; 0 is its base model')
    .addOption(databaseOption())
    .option(
      '--benchmark <name[=file]>',
      `a public benchmark and its file, which is downloaded where none is given; may be given several times: ${names}`,
      repeated,
      [],
    )
    .option('--hub <url>', 'where benchmarks are downloaded from (default: $HF_ENDPOINT, or https://huggingface.co)')
    .option('--cache <dir>', 'the folder of downloaded benchmarks (default: ~/.cache/rzero)')
    .option('--limit <n>', 'at most so many items of each benchmark', wholeNumber(1))
    .option(
      '--samples <k>',
      "greedy, and mean@k over samples of each item at temperature 1; else each benchmark's own metric",
      wholeNumber(1),
    )
    .option('--shots <n>', 'worked examples ahead of each question', wholeNumber(0), 0)
    .option(
      '--shots-file <[name=]file>',
      "take them from the beginning of this file, the benchmark's training split for instance; else rzero has some",
      repeated,
      [],
    )
    .option('--stop <text>', 'a text that ends an answer; may be given several times', repeated, [])
    .option('--skip-bad', 'pass over records of a file that are malformed, and count them')
    .option('--max-tokens <n>', 'longest answer; else 72 for the embedded model, 2048 for others', wholeNumber(1))
    .option('--worked', 'also with the working forced, and the share of answers that work by themselves')
    .addOption(providerOption().default('cpu'))
    .addOption(workersOption().default(2))
    .addOption(threadsPerWorkerOption().default(1))
    .addOption(seedOption().default(0))
    .option('--no-store', 'keep nothing of it in the database')
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nEvery answer is kept in the database: rzero show --failures lists what was missed, rzero rescore grades it again.\n--json: {"evaluation": its id, "scores": [{benchmark, file, domain, metric, items, score, stderr, protocol}], "paper": averages as the paper makes them, "skipped": [{file, count, first}]}, in points of 100',
    )
    .action(async (flags: EvalFlags) => {
      const target = evalTarget(flags);
      const files = flags.benchmark.map(parseBenchmark);
      const { evaluate } = await import('../../actors/evaluate.js');
      const progress = openProgress(process.stderr, flags.quiet === true);
      const {
        limit = null,
        samples = null,
        maxTokens = null,
        ep: executionProvider,
        workers,
        threadsPerWorker,
        seed,
      } = flags;
      warnWhenCrowded(flags, progress.say);
      const settings = {
        target,
        files,
        hub: hubPlace(flags),
        limit,
        samples,
        maxTokens,
        shots: flags.shots,
        shotsFiles: shotsFiles(flags, files),
        stops: stopsOf(flags),
        skipBad: flags.skipBad === true,
        worked: flags.worked === true,
        executionProvider,
        workers,
        threadsPerWorker,
        seed,
        storeIn: flags.store ? flags.db : null,
        rzeroVersion: readVersion(),
        onProgress: progress.update,
        onNews: progress.say,
      };
      const { id, results, skipped } = await withInterrupt(progress.say, (signal) =>
        evaluate({ ...settings, signal }),
      ).finally(progress.close);
      const scores = results.map(({ row, protocol }) => ({ ...row, protocol }));
      if (flags.json) printJson({ evaluation: id, scores, paper: paperAverages(scores), skipped });
      else
        printText(
          [evalTable(scores, coloursFor(process.stdout)), protocolLines(scores).join('\n'), ...kept(id, flags)].join(
            '\n\n',
          ),
        );
    });
}

function kept(id: string | null, { db }: EvalFlags): readonly string[] {
  return id === null ? [] : [`kept as evaluation ${id} in ${db}; rzero show --failures ${id} lists what was missed`];
}

function evalTarget({ run, model = 'tiny', db }: EvalFlags): EvalTarget {
  if (run === undefined) return { kind: 'model', model };
  return { kind: 'run', ...parseRunPlace(run), databaseFile: db };
}

/** `NAME=FILE`, or the name alone: then its file is null. */
function parseBenchmark(text: string): { readonly name: FileBenchmarkName; readonly file: string | null } {
  const equals = text.indexOf('=');
  if (equals < 0) return { name: fileBenchmarkName(text), file: null };
  if (equals === 0 || equals === text.length - 1) {
    throw new UsageError(
      `--benchmark wants NAME or NAME=FILE, got "${text}" (for example --benchmark gpt3-arithmetic=items.jsonl)`,
    );
  }
  return { name: fileBenchmarkName(text.slice(0, equals)), file: text.slice(equals + 1) };
}

/** The files of worked examples by benchmark; a file without a name is for the one benchmark there is. */
function shotsFiles(
  { shots, shotsFile }: EvalFlags,
  benchmarks: readonly { readonly name: FileBenchmarkName }[],
): ReadonlyMap<string, string> {
  if (shotsFile.length > 0 && shots === 0) throw new UsageError('--shots-file wants --shots N beside it');
  const names = new Set(benchmarks.map(({ name }) => name));
  return new Map(
    shotsFile.map((text) => {
      const equals = text.indexOf('=');
      const [only, ...others] = names;
      if (equals < 0 && only !== undefined && others.length === 0) return [only, text];
      const name = equals < 0 ? undefined : fileBenchmarkName(text.slice(0, equals));
      if (name !== undefined && names.has(name)) return [name, text.slice(equals + 1)];
      throw new UsageError(`--shots-file wants NAME=FILE for a benchmark that is asked, got "${text}"`);
    }),
  );
}

function stopsOf({ stop }: EvalFlags): readonly string[] {
  if (stop.includes('')) throw new UsageError('--stop wants a text that is not empty');
  return stop;
}
