import { type GradedAnswer, gradeAnswer } from '../src/benchmarks/answer-rules.js';
import type { Benchmark } from '../src/benchmarks/catalog.js';
import { type Metric, sampleCount } from '../src/benchmarks/metric.js';
import { scoreBenchmark } from '../src/benchmarks/score.js';
import { samplingSettings } from '../src/lm/batching.js';
import type { PromptFormat } from '../src/lm/prompts.js';
import type { Tokenizer } from '../src/lm/tokenizer.js';
import type { Policy } from '../src/policies/policy.js';
import { type StreamKey, stream } from '../src/random.js';
import type { Rollout } from '../src/rl/rollout.js';
import { answerText } from './answer-text.js';

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

export interface BenchmarkSettings {
  /** Samples of each item at temperature 1, beside the greedy answer; null for each benchmark's own metrics. */
  readonly samples: number | null;
  /** Longest answer, in tokens. */
  readonly maxTokens: number;
  /** Also with the working forced, and the share of answers that show it by themselves, where the format marks it. */
  readonly worked: boolean;
  readonly key: StreamKey;
}

export interface BenchmarkRun {
  readonly rows: readonly ScoreRow[];
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
  policy: Pick<Policy, 'generate'>,
  tokenizer: Tokenizer,
  format: PromptFormat,
  benchmarks: readonly Benchmark[],
  settings: BenchmarkSettings,
  progress: (done: number, total: number) => void,
): Promise<BenchmarkRun> {
  const workedPrefix = settings.worked ? format.workedPrefix : null;
  const prefixes = workedPrefix === null ? [null] : [null, workedPrefix];
  const passes = prefixes.flatMap((prefix) => passesOf(benchmarks, settings.samples, prefix));
  let done = 0;
  progress(done, passes.length);
  const results = await Promise.all(
    passes.map(async (pass) => {
      const name = pass.prefix === null ? pass.metric : `worked ${pass.metric}`;
      const prompts = pass.benchmarks.flatMap(({ items }) =>
        items.map(({ question, domain }) =>
          tokenizer.encode(format.solverPrompt(question, domain) + (pass.prefix ?? '')),
        ),
      );
      const sampling = samplingSettings({
        temperature: pass.metric === 'greedy' ? 0 : 1,
        maxTokens: settings.maxTokens,
        stops: format.solverStops,
      });
      const key = stream(settings.key, name);
      const groups = await policy.generate(prompts, sampleCount(pass.metric), sampling, key);
      const texts = groups.map((group) => group.map((rollout) => answerText(tokenizer, rollout)));
      const rows = scoreTexts(pass, texts, (text, answer, { rule }) => gradeAnswer(rule, answer, text));
      const working =
        workedPrefix === null || pass.prefix !== null
          ? []
          : scoreTexts(pass, texts, (text) => ({ extracted: null, right: text.startsWith(workedPrefix) }));
      progress(++done, passes.length);
      return {
        rows: [
          ...rows.map((row) => ({ ...row, metric: name })),
          ...working.map((row) => ({ ...row, metric: `share worked ${pass.metric}` })),
        ],
        tokens: tokensOf(groups),
      };
    }),
  );
  return {
    rows: results.flatMap(({ rows }) => rows),
    tokens: results.reduce((sum, { tokens }) => sum + tokens, 0),
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

/** A row for each benchmark of a pass: the share of its items' texts that are right. `texts` has all items in order. */
function scoreTexts(
  { benchmarks, metric }: Pass,
  texts: readonly (readonly string[])[],
  grade: (text: string, answer: string, benchmark: Benchmark) => GradedAnswer,
): ScoreRow[] {
  let next = 0;
  return benchmarks.map((benchmark) => {
    const own = benchmark.items.map(({ answer }) =>
      (texts[next++] as readonly string[]).map((text) => grade(text, answer, benchmark).right),
    );
    return scoreBenchmark(benchmark, metric, own);
  });
}

const tokensOf = (groups: readonly (readonly Rollout[])[]): number =>
  groups.flat().reduce((sum, { completion }) => sum + completion.length, 0);
