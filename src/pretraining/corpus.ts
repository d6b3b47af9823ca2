import { Random, stream } from '../random.js';
import type { Domain } from '../rl/questions.js';
import { type ArithmeticMix, type ArithmeticTask, drawArithmetic } from './arithmetic.js';
import { encodeQuickly } from './encode.js';
import { GENERAL_TASK_NAMES, GENERAL_TASKS, type GeneralTask } from './general.js';
import { heldOut } from './held-out.js';
import type { Problem } from './problem.js';

/**
 * What the embedded model learned before it began to teach itself: questions with answers, generated.
 *
 * Two gaps are put in on purpose, for learning without labels to close. Many documents answer at once, so the base
 * does too although it can work a question out (elicitation). And a share of the worked ones carries a slip with the
 * wrong answer that follows, as people's texts do, so its samples err at random places (reliability).
 */
export interface CorpusSettings {
  /** Fraction of documents that are general tasks; the rest is arithmetic. */
  readonly general: number;
  readonly arithmetic: ArithmeticMix;
  /** Longer lists and formulas in the general tasks. */
  readonly long: boolean;
  /** Fraction of documents that answer at once. */
  readonly direct: number;
  /** Fraction of worked sums, differences and three-operand questions that carry one slip. */
  readonly slips: number;
  /** The same for those that answer at once: they then state the wrong answer of a slip that is not shown. */
  readonly directSlips: number;
}

/** The mix that the base is first trained on; later stages change `direct`, `long` and `slips`. */
export const PLAIN_CORPUS: CorpusSettings = {
  general: 0.33,
  arithmetic: {
    tasks: { plus: 0.38, minus: 0.36, times: 0.1, three: 0.16 },
    digits: [0.15, 0.35, 0.3, 0.14, 0.06],
    factorDigits: [0.6, 0.4],
  },
  long: false,
  direct: 0.4,
  slips: 0,
  directSlips: 0,
};

/** One question with its answer: `<q>What is 98 plus 45?<a><w>8₀5₀>13₀9₁4₁>14₁\boxed{143}<eos>`. */
export interface CorpusDocument {
  readonly tokens: readonly number[];
  /** Index of the first token after `<a>`. */
  readonly answerStart: number;
  readonly text: string;
  readonly question: string;
  readonly answer: string;
  readonly domain: Domain;
  readonly task: ArithmeticTask | GeneralTask;
  readonly worked: boolean;
  readonly slipped: boolean;
}

/** The corpus from document `first` on, without end. A document depends on the settings, the seed and its index
 *  only, so several readers can share one corpus, and a stopped one can go on. */
export function* documents(settings: CorpusSettings, seed: number, first = 0): Generator<CorpusDocument, never> {
  for (let index = first; ; index++) yield documentAt(settings, seed, index);
}

/** Document `index` of the corpus. */
export function documentAt(settings: CorpusSettings, seed: number, index: number): CorpusDocument {
  const random = new Random(stream(seed, 'corpus', index));
  const domain: Domain = random.next() < settings.general ? 'general' : 'math';
  const { task, problem } = drawTrainable(settings, domain, random);
  const worked = random.next() >= settings.direct;
  const slipShare = worked ? settings.slips : settings.directSlips;
  const slip = problem.slipped !== null && random.next() < slipShare ? problem.slipped : null;
  const { working, answer } = slip === null ? problem.solution : slip(random);
  const prompt = `${domain === 'math' ? '<q>' : '<g>'}${problem.question}<a>`;
  const completion = `${worked ? `<w>${working}` : ''}\\boxed{${answer}}<eos>`;
  const promptTokens = encodeQuickly(prompt);
  return {
    tokens: promptTokens.concat(encodeQuickly(completion)),
    answerStart: promptTokens.length,
    text: prompt + completion,
    question: problem.question,
    answer,
    domain,
    task,
    worked,
    slipped: slip !== null,
  };
}

interface Drawn {
  readonly task: ArithmeticTask | GeneralTask;
  readonly problem: Problem;
}

/** A problem whose question is not held out for evaluation. */
function drawTrainable(settings: CorpusSettings, domain: Domain, random: Random): Drawn {
  for (;;) {
    const drawn = domain === 'math' ? drawMath(settings, random) : drawGeneral(settings, random);
    if (!heldOut(drawn.problem.question)) return drawn;
  }
}

function drawMath(settings: CorpusSettings, random: Random): Drawn {
  const weights = settings.arithmetic.tasks;
  const task = MATH_TASKS[random.weighted(MATH_TASKS.map((name) => weights[name]))] as ArithmeticTask;
  return { task, problem: drawArithmetic(task, settings.arithmetic, random) };
}

function drawGeneral(settings: CorpusSettings, random: Random): Drawn {
  const task = random.pick(GENERAL_TASK_NAMES);
  return { task, problem: GENERAL_TASKS[task](random, settings.long) };
}

const MATH_TASKS: readonly ArithmeticTask[] = ['plus', 'minus', 'times', 'three'];
