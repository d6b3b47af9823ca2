import type { Benchmark } from '../src/benchmarks/catalog.js';
import { NO_SHOTS, type Shots } from '../src/benchmarks/shots.js';
import { type GradedAnswer, UNREAD } from '../src/grading/answer-rules.js';
import { samplingSettings } from '../src/lm/batching.js';
import type { PromptFormat } from '../src/lm/prompts.js';
import { stopTexts } from '../src/lm/stop-texts.js';
import type { Tokenizer } from '../src/lm/tokenizer.js';
import type { Policy } from '../src/policies/policy.js';
import type { StreamKey } from '../src/random.js';
import type { Rollout } from '../src/rl/rollout.js';
import type { GradingPool } from '../src/workers/grading-pool.js';

/** One sampled answer and what was made of it. */
export interface BenchmarkAnswer extends GradedAnswer {
  readonly text: string;
  readonly tokenCount: number;
  /** False where the token limit cut it, and for a question that was not asked. */
  readonly finished: boolean;
}

export interface AskSettings {
  /** Longest answer, in tokens. */
  readonly maxTokens: number;
  /** Worked examples for each benchmark, by its name. */
  readonly shots: ReadonlyMap<string, Shots>;
  /** Texts that end an answer, beside those of the format. Whatever samples must know them where there are any. */
  readonly stops: readonly string[];
  /** Positions that the model has; a question that leaves no room for an answer is not asked, and counts as not answered. */
  readonly contextTokens: number;
}

/** Who is asked, how questions and answers are written, and who grades: a thread that can be ended, as no answer may hold up
 *  the others. */
export interface Examination {
  readonly policy: Pick<Policy, 'generate'>;
  readonly tokenizer: Tokenizer;
  readonly format: PromptFormat;
  readonly grading: Pick<GradingPool, 'run'>;
}

/** An examination under its settings. */
export interface Asking extends Examination {
  readonly settings: AskSettings;
  /** Texts that end an answer. */
  readonly marks: readonly string[];
  /** The same for whatever samples; null for none. */
  readonly stopTexts: ReturnType<typeof stopTexts> | null;
}

export function asking(examination: Examination, settings: AskSettings): Asking {
  const { tokenizer, format } = examination;
  const marks = [...settings.stops, ...format.turnMarks];
  return { ...examination, settings, marks, stopTexts: marks.length === 0 ? null : stopTexts(tokenizer, marks) };
}

/** The worked examples that stand ahead of a benchmark's questions. */
export const shotsFor = ({ settings }: Asking, { name }: Benchmark): Shots => settings.shots.get(name) ?? NO_SHOTS;

/** The text that asks a question of a benchmark; `prefix` stands behind it. */
export function promptFor(ask: Asking, benchmark: Benchmark, question: string, prefix: string | null): string {
  const { examples } = shotsFor(ask, benchmark);
  return ask.format.fewShotPrompt(examples, question, benchmark.domain) + (prefix ?? '');
}

/** How the answers are drawn. */
export interface Draw {
  readonly temperature: number;
  /** Answers to each item. */
  readonly samples: number;
  readonly prefix: string | null;
  readonly key: StreamKey;
}

export interface Asked {
  /** The answers to the items of each benchmark, in order. */
  readonly answers: readonly (readonly (readonly BenchmarkAnswer[])[])[];
  /** Questions that were too long to be asked. */
  readonly tooLong: number;
  readonly tokens: number;
}

/** Asks all questions of some benchmarks in one call, and grades the answers. */
export async function askItems(
  ask: Asking,
  benchmarks: readonly Benchmark[],
  { temperature, samples, prefix, key }: Draw,
): Promise<Asked> {
  const { policy, tokenizer, format, grading, settings } = ask;
  const prompts = benchmarks.flatMap((benchmark) =>
    benchmark.items.map(({ question }) => tokenizer.encode(promptFor(ask, benchmark, question, prefix))),
  );
  const fits = prompts.map(({ length }) => length + settings.maxTokens <= settings.contextTokens);
  const sampling = samplingSettings({
    temperature,
    maxTokens: settings.maxTokens,
    stops: format.solverStops,
    stopTexts: ask.stopTexts,
  });
  const given = await policy.generate(
    prompts.filter((_, i) => fits[i]),
    samples,
    sampling,
    key,
  );
  let next = 0;
  const rollouts = fits.map((fit) => (fit ? (given[next++] as Rollout[]) : Array<null>(samples).fill(null)));
  const references = benchmarks.flatMap(({ items, rule }) => items.map(({ answer: gold }) => ({ rule, gold })));
  const texts = rollouts.map((group) => group.map((rollout) => (rollout === null ? '' : answerText(ask, rollout))));
  const graded = await grading.run(
    'gradeAnswers',
    references.flatMap((reference, i) => (texts[i] ?? []).map((text) => ({ ...reference, text }))),
  );
  const groups = rollouts.map((group, i) =>
    group.map((rollout, sample): BenchmarkAnswer => {
      const { completion = [], finished = false } = rollout ?? {};
      const text = texts[i]?.[sample] ?? '';
      return { ...(graded[i * samples + sample] ?? UNREAD), text, tokenCount: completion.length, finished };
    }),
  );
  let end = 0;
  const answers = benchmarks.map(({ items }) => {
    end += items.length;
    return groups.slice(end - items.length, end);
  });
  const tokens = given.flat().reduce((sum, { completion }) => sum + completion.length, 0);
  return { answers, tokens, tooLong: fits.filter((fit) => !fit).length };
}

/** An answer without the token that ended it, and without the text that did, or would have. */
function answerText({ tokenizer, format, marks }: Asking, { completion }: Rollout): string {
  const ended = format.solverStops.includes(completion.at(-1) ?? -1);
  const text = tokenizer.decode(ended ? completion.slice(0, -1) : completion);
  const cuts = marks.map((mark) => text.indexOf(mark)).filter((at) => at >= 0);
  return cuts.length === 0 ? text : text.slice(0, Math.min(...cuts));
}
