import type { Benchmark } from '../src/benchmarks/catalog.js';
import { type Metric, scoreBenchmark } from '../src/benchmarks/score.js';
import { lastBoxed } from '../src/grading/boxed.js';
import { equivalent } from '../src/grading/equivalence.js';
import { samplingSettings } from '../src/lm/batching.js';
import type { PromptFormat } from '../src/lm/prompts.js';
import type { Tokenizer } from '../src/lm/tokenizer.js';
import type { Policy } from '../src/policies/policy.js';
import { type StreamKey, stream } from '../src/random.js';

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
  /** Also with the working forced, and the share of answers that show it by themselves. */
  readonly worked: boolean;
  readonly key: StreamKey;
}

export interface BenchmarkRun {
  readonly rows: readonly ScoreRow[];
  readonly tokens: number;
}

/** Longest answer, in tokens: two five-digit numbers worked out take 50 in the embedded model's language. */
const MAX_TOKENS = 72;

/** Scores of a policy on benchmarks: all questions of a metric are answered in one go. */
export async function runBenchmarks(
  policy: Policy,
  tokenizer: Tokenizer,
  format: PromptFormat,
  benchmarks: readonly Benchmark[],
  settings: BenchmarkSettings,
  progress: (done: number, total: number) => void,
): Promise<BenchmarkRun> {
  const rows: ScoreRow[] = [];
  const passes = settings.worked ? 4 : 2;
  let [done, tokens] = [0, 0];
  for (const worked of settings.worked ? [false, true] : [false]) {
    for (const greedy of [true, false]) {
      progress(done++, passes);
      const metric: Metric = greedy ? 'greedy' : `mean@${settings.samples}`;
      const name = worked ? `worked ${metric}` : metric;
      const answers = await answerAll(policy, tokenizer, format, benchmarks, {
        prefix: worked ? format.workedPrefix : '',
        samples: greedy ? 1 : settings.samples,
        temperature: greedy ? 0 : 1,
        key: stream(settings.key, name),
      });
      tokens += answers.tokens;
      for (const [b, benchmark] of benchmarks.entries()) {
        const own = answers.texts[b] as readonly (readonly string[])[];
        const correct = own.map((texts, i) => texts.map((text) => isRight(benchmark.items[i]?.answer ?? '', text)));
        rows.push({ ...scoreBenchmark(benchmark, metric, correct), metric: name });
        if (settings.worked && !worked) {
          const working = own.map((texts) => texts.map((text) => text.startsWith(format.workedPrefix)));
          rows.push({ ...scoreBenchmark(benchmark, metric, working), metric: `share worked ${metric}` });
        }
      }
    }
  }
  progress(passes, passes);
  return { rows, tokens };
}

async function answerAll(
  policy: Policy,
  tokenizer: Tokenizer,
  format: PromptFormat,
  benchmarks: readonly Benchmark[],
  how: { readonly prefix: string; readonly samples: number; readonly temperature: number; readonly key: StreamKey },
): Promise<{ readonly texts: readonly (readonly (readonly string[])[])[]; readonly tokens: number }> {
  const prompts = benchmarks.flatMap(({ items }) =>
    items.map(({ question, domain }) => tokenizer.encode(format.solverPrompt(question, domain) + how.prefix)),
  );
  const sampling = samplingSettings({
    temperature: how.temperature,
    maxTokens: MAX_TOKENS,
    stops: format.solverStops,
  });
  const groups = await policy.generate(prompts, how.samples, sampling, how.key);
  const decoded = groups.map((group) => group.map(({ completion }) => tokenizer.decode(completion)));
  let next = 0;
  const texts = benchmarks.map(({ items }) => {
    next += items.length;
    return decoded.slice(next - items.length, next);
  });
  return { texts, tokens: groups.flat().reduce((sum, { completion }) => sum + completion.length, 0) };
}

function isRight(gold: string, text: string): boolean {
  const boxed = lastBoxed(text);
  return boxed !== null && boxed !== '' && equivalent(gold, boxed);
}
