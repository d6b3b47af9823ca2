import { lastBoxed } from './boxed.js';
import { makesTarget } from './countdown.js';
import { equivalent } from './equivalence.js';
import { finalAnswer } from './final-answer.js';
import { sameText } from './same-text.js';

/**
 * How a benchmark's answers are read and compared:
 * - `value`: what the box says, by mathematical equivalence;
 * - `rounded`: the same, and a number is also right where the reference is what it rounds to;
 * - `choice`: the letter of an option;
 * - `text`: the same words, after the conventions of BIG-Bench Extra Hard; a letter where the reference is one;
 * - `countdown`: an expression that is worked out.
 */
export type AnswerRule = 'value' | 'rounded' | 'choice' | 'text' | 'countdown';

/**
 * Raised by one with every change after which a stored answer may be judged otherwise, in this folder. It stands
 * beside each score; `rzero rescore` brings stored answers to it.
 */
export const GRADER_VERSION = 1;

/** One answer with what was made of it. */
export interface GradedAnswer {
  /** What was read from the text; null where there was nothing to read. */
  readonly extracted: string | null;
  readonly right: boolean;
}

/** An answer of which nothing was read. */
export const UNREAD: GradedAnswer = { extracted: null, right: false };

/** Reads an answer from a model's text and compares it with the reference. */
export function gradeAnswer(rule: AnswerRule, gold: string, text: string): GradedAnswer {
  const extracted = extractAnswer(text);
  return { extracted, right: extracted !== null && COMPARE[rule](gold, extracted) };
}

/** What the last box says, or else what the text calls its answer. A text whose last box is cut has not answered. */
export function extractAnswer(text: string): string | null {
  const box = /\\(?:boxed|fbox)/.test(text) ? lastBoxed(text) : finalAnswer(text);
  return box === null || box === '' ? null : box;
}

const COMPARE: Readonly<Record<AnswerRule, (gold: string, answer: string) => boolean>> = {
  value: equivalent,
  rounded: (gold, answer) => equivalent(gold, answer) || roundsTo(gold, answer),
  choice: (gold, answer) => optionLetter(answer) === gold,
  text: (gold, answer) => {
    const letter = /^\(([A-Z])\)$/.exec(gold)?.[1];
    return sameText(gold, answer) || (letter !== undefined && optionLetter(answer) === letter);
  },
  countdown: makesTarget,
};

/** The letter of an option: `B`, `(B)`, `B.`, `\text{B}`, `B) because`, `Option B`; null for anything else. */
export function optionLetter(answer: string): string | null {
  const bare = answer
    .trim()
    .replace(/^\\(?:text|textbf|mathrm|mathbf)\{(.*)\}$/s, '$1')
    .replace(/[*$]/g, '')
    .replace(/^(?:option|choice|answer)\b:?\s*/i, '')
    .trim();
  return /^\(?([A-Z])(?:$|[).:](?:\s|:|$))/.exec(bare)?.[1] ?? /^([a-z])$/.exec(bare)?.[1]?.toUpperCase() ?? null;
}

/** Decimals of a reference from which on it counts as rounded: a price has two, a third has ten. */
const ROUNDED_FROM = 4;

/** Whether a number, written as a decimal or a fraction, is the reference when it is rounded to the reference's places. */
function roundsTo(gold: string, answer: string): boolean {
  const places = /^-?\d+\.(\d+)$/.exec(gold)?.[1]?.length ?? 0;
  if (places < ROUNDED_FROM) return false;
  const [, over = '', under = '1'] =
    /^(-?\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(answer.replace(/\\d?frac\{(-?\d+)\}\{(\d+)\}/, '$1/$2').trim()) ?? [];
  const value = over === '' ? Number.NaN : Number(over) / Number(under);
  return Math.abs(value - Number(gold)) <= 0.5000001 * 10 ** -places;
}
