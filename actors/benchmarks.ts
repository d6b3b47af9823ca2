import type { Benchmark } from '../src/benchmarks/catalog.js';
import { type Metric, scoreBenchmark } from '../src/benchmarks/score.js';
import { lastBoxed } from '../src/grading/boxed.js';
import { equivalent } from '../src/grading/equivalence.js';
import { samplingSettings } from '../src/lm/batching.js';
import type { PromptFormat } from '../src/lm/prompts.js';
import type { Tokenizer } from '../src/lm/tokenizer.js';
import type { Policy } from '../src/policies/policy.js';
import { type StreamKey, stream } from '../src/random.js';
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
  /** Samples of each item at temperature 1. */
  readonly samples: number;
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
  const sampled: Metric = `mean@${settings.samples}`;
  const workedPrefix = settings.worked ? format.workedPrefix : null;
  const passes = (workedPrefix === null ? [null] : [null, workedPrefix]).flatMap((prefix) => {
    const prompts = benchmarks.flatMap(({ items }) =>
      items.map(({ question, domain }) => tokenizer.encode(format.solverPrompt(question, domain) + (prefix ?? ''))),
    );
    return (['greedy', sampled] as const).map((metric) => ({ worked: prefix !== null, metric, prompts }));
  });
  let done = 0;
  progress(done, passes.length);
  const results = await Promise.all(
    passes.map(async ({ worked, metric, prompts }) => {
      const name = worked ? `worked ${metric}` : metric;
      const sampling = samplingSettings({
        temperature: metric === 'greedy' ? 0 : 1,
        maxTokens: settings.maxTokens,
        stops: format.solverStops,
      });
      const samples = metric === 'greedy' ? 1 : settings.samples;
      const groups = await policy.generate(prompts, samples, sampling, stream(settings.key, name));
      const texts = groups.map((group) => group.map((rollout) => answerText(tokenizer, rollout)));
      const rows = scoreTexts(benchmarks, texts, metric, (text, { answer }) => isRight(answer, text));
      const working =
        workedPrefix === null || worked
          ? []
          : scoreTexts(benchmarks, texts, metric, (text) => text.startsWith(workedPrefix));
      progress(++done, passes.length);
      return {
        rows: [
          ...rows.map((row) => ({ ...row, metric: name })),
          ...working.map((row) => ({ ...row, metric: `share worked ${metric}` })),
        ],
        tokens: groups.flat().reduce((sum, { completion }) => sum + completion.length, 0),
      };
    }),
  );
  return {
    rows: results.flatMap(({ rows }) => rows),
    tokens: results.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

/** A row for each benchmark: the share of its items' texts that pass. `texts` has all items in order. */
function scoreTexts(
  benchmarks: readonly Benchmark[],
  texts: readonly (readonly string[])[],
  metric: Metric,
  passes: (text: string, item: Benchmark['items'][number]) => boolean,
): ScoreRow[] {
  let next = 0;
  return benchmarks.map((benchmark) => {
    const own = benchmark.items.map((item) => (texts[next++] as readonly string[]).map((text) => passes(text, item)));
    return scoreBenchmark(benchmark, metric, own);
  });
}

function isRight(gold: string, text: string): boolean {
  const boxed = lastBoxed(text);
  return boxed !== null && boxed !== '' && equivalent(gold, boxed);
}
