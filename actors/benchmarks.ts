import type { Benchmark } from '../src/benchmarks/catalog.js';
import { type Metric, sampleCount } from '../src/benchmarks/metric.js';
import { PLACEHOLDER, type Protocol, protocolOf } from '../src/benchmarks/protocol.js';
import { scoreBenchmark } from '../src/benchmarks/score.js';
import { type StreamKey, stream } from '../src/random.js';
import {
  type Asking,
  type AskSettings,
  askItems,
  asking,
  type BenchmarkAnswer,
  type Examination,
  promptFor,
  shotsFor,
} from './ask-items.js';

/** One line of a score table. `metric` is greedy or mean@k, of free answers, of forced working, or how often they work. */
export interface ScoreRow {
  readonly benchmark: string;
  readonly file: string | null;
  readonly domain: Benchmark['domain'];
  readonly metric: string;
  readonly items: number;
  readonly score: number;
  readonly stderr: number;
}

/** One score with all that it rests on. */
export interface BenchmarkResult {
  readonly row: ScoreRow;
  readonly benchmark: Benchmark;
  readonly protocol: Protocol;
  /** Of each item, how many of its samples are right. */
  readonly rightCounts: readonly number[];
  /** The answers to each item; null for how often they show their working, which the same answers tell. */
  readonly answers: readonly (readonly BenchmarkAnswer[])[] | null;
}

export interface BenchmarkSettings extends AskSettings {
  /** Samples of each item at temperature 1, beside the greedy answer; null for each benchmark's own metrics. */
  readonly samples: number | null;
  /** Also with the working forced, and the share of answers that show it by themselves, where the format marks it. */
  readonly worked: boolean;
  /** What `key` was made of, to be told with the scores. */
  readonly seed: number;
  readonly key: StreamKey;
}

export interface BenchmarkRun {
  readonly results: readonly BenchmarkResult[];
  /** Questions that were too long to be asked, each counted once. */
  readonly tooLong: number;
  readonly tokens: number;
}

/** All prompts that are answered in one way: one call to the workers. */
interface Pass {
  readonly metric: Metric;
  /** Put behind each prompt: it forces the working. */
  readonly prefix: string | null;
  readonly benchmarks: readonly Benchmark[];
}

/** Scores of a policy on benchmarks. All passes are handed to the workers at once, so that none waits between two; what one
 *  gives is graded while the next is under way. */
export async function runBenchmarks(
  examination: Examination,
  benchmarks: readonly Benchmark[],
  settings: BenchmarkSettings,
  progress: (done: number, total: number) => void,
): Promise<BenchmarkRun> {
  const ask = asking(examination, settings);
  const workedPrefix = settings.worked ? ask.format.workedPrefix : null;
  const prefixes = workedPrefix === null ? [null] : [null, workedPrefix];
  const passes = prefixes.flatMap((prefix) => passesOf(benchmarks, settings.samples, prefix));
  let done = 0;
  progress(done, passes.length);
  const ended = await Promise.all(
    passes.map(async (pass) => {
      const { metric, prefix } = pass;
      const name = prefix === null ? metric : `worked ${metric}`;
      const draw = { temperature: metric === 'greedy' ? 0 : 1, samples: sampleCount(metric), prefix };
      const key = stream(settings.key, name);
      const { answers, ...rest } = await askItems(ask, pass.benchmarks, { ...draw, key });
      progress(++done, passes.length);
      const scored = pass.benchmarks.map((benchmark, i): BenchmarkResult => {
        const own = answers[i] ?? [];
        const protocol = protocolUnder(ask, settings.seed, benchmark, draw);
        return { benchmark, protocol, answers: own, ...scoreOf(benchmark, metric, name, own, ({ right }) => right) };
      });
      const shown =
        workedPrefix === null || prefix !== null ? [] : scored.map((result) => shownWorking(result, workedPrefix));
      return { ...rest, results: [...scored, ...shown] };
    }),
  );
  return {
    results: ended.flatMap(({ results }) => results),
    tooLong: Math.max(0, ...ended.map(({ tooLong }) => tooLong)),
    tokens: ended.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

/** One pass for each metric that any of the benchmarks is measured by. */
function passesOf(benchmarks: readonly Benchmark[], samples: number | null, prefix: string | null): Pass[] {
  const metricsOf = ({ metrics }: Benchmark): readonly Metric[] =>
    samples === null ? metrics : ['greedy', `mean@${samples}`];
  return [...new Set(benchmarks.flatMap(metricsOf))].map((metric) => ({
    metric,
    prefix,
    benchmarks: benchmarks.filter((benchmark) => metricsOf(benchmark).includes(metric)),
  }));
}

function protocolUnder(
  ask: Asking,
  seed: number,
  benchmark: Benchmark,
  draw: Pick<Protocol, 'prefix' | 'temperature' | 'samples'>,
): Protocol {
  const { maxTokens } = ask.settings;
  const template = promptFor(ask, benchmark, PLACEHOLDER, draw.prefix);
  return protocolOf({ maxTokens, stops: ask.marks, seed }, shotsFor(ask, benchmark), template, draw);
}

/** How often the answers of a result begin with the mark of working. */
function shownWorking({ benchmark, protocol, row, answers }: BenchmarkResult, mark: string): BenchmarkResult {
  const metric = row.metric as Metric;
  const shows = ({ text }: BenchmarkAnswer): boolean => text.startsWith(mark);
  const shown = scoreOf(benchmark, metric, `share worked ${metric}`, answers ?? [], shows);
  return { benchmark, protocol, answers: null, ...shown };
}

/** The score of the answers that pass, under the name of a metric. */
function scoreOf(
  benchmark: Benchmark,
  metric: Metric,
  name: string,
  answers: readonly (readonly BenchmarkAnswer[])[],
  passes: (answer: BenchmarkAnswer) => boolean,
): Pick<BenchmarkResult, 'row' | 'rightCounts'> {
  const right = answers.map((samples) => samples.map(passes));
  return {
    row: { ...scoreBenchmark(benchmark, metric, right), metric: name },
    rightCounts: right.map((samples) => samples.filter(Boolean).length),
  };
}
