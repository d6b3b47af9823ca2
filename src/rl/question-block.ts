import { lastBoxed } from '../grading/boxed.js';
import type { InvalidReason, ParsedQuestion } from './questions.js';

/**
 * From what a Challenger wrote, thoughts and all, to the question in it: `<question>…</question>` and then its own answer in
 * a box. The markers are the reference implementation's (Huang et al. 2025). The text is hostile input, as questions.ts says.
 */

export const QUESTION_OPENS = '<question>';
export const QUESTION_CLOSES = '</question>';

/** What may not be a question. */
export interface BlockRules {
  /** Texts that steer a prompt and so may stand neither in a question nor in an answer. */
  readonly specials: readonly string[];
  /** Longest question, in UTF-16 code units. */
  readonly maxLength: number;
  /** What the prompt itself has in the place of the question: its echo is none. */
  readonly placeholder: string;
}

/** Longest answer that is kept, in UTF-16 code units. */
const MAX_ANSWER_LENGTH = 256;
/** As for the embedded format, but for line ends and tabs; and U+FFFD, which stands for bytes that were no text. */
const CONTROL = /[^\P{Cc}\n\t]|[\p{Cf}\p{Co}\p{Zl}\p{Zp}\ufffd]/u;
/** Without one of these there is nothing to ask. */
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/** The last complete question that `completion` holds, or the first reason why there is none. An answer that can't be kept
 *  is as none: the vote decides without it. Linear in the length of the text. */
export function parseQuestionBlock(completion: string, rules: BlockRules): ParsedQuestion {
  const block = lastBlock(completion);
  if (block === null) {
    return { valid: false, reason: completion.includes(QUESTION_OPENS) ? 'unfinished' : 'no question' };
  }
  const question = block.inside.replaceAll('\r\n', '\n').trim();
  const reason = flaw(question, rules);
  if (reason !== null) return { valid: false, reason };
  return { valid: true, question, ownAnswer: ownAnswer(block.after, rules) };
}

/** The innermost of nested blocks: from the last opening that has a closing behind it. */
function lastBlock(text: string): { readonly inside: string; readonly after: string } | null {
  const start = text.lastIndexOf(QUESTION_OPENS, text.lastIndexOf(QUESTION_CLOSES) - QUESTION_OPENS.length);
  const from = start + QUESTION_OPENS.length;
  const end = start < 0 ? -1 : text.indexOf(QUESTION_CLOSES, from);
  return end < 0 ? null : { inside: text.slice(from, end), after: text.slice(end + QUESTION_CLOSES.length) };
}

function flaw(question: string, rules: BlockRules): InvalidReason | null {
  if (question.length > rules.maxLength) return 'too long';
  if (rules.specials.some((special) => question.includes(special))) return 'special token';
  if (CONTROL.test(question)) return 'control character';
  if (!LETTER_OR_DIGIT.test(question) || question === rules.placeholder) return 'trivial';
  return null;
}

function ownAnswer(text: string, { specials }: BlockRules): string | null {
  const answer = lastBoxed(text);
  if (answer === null || answer === '' || answer.length > MAX_ANSWER_LENGTH || CONTROL.test(answer)) return null;
  return specials.some((special) => answer.includes(special)) ? null : answer;
}
