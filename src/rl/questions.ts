/**
 * From what the Challenger wrote to a question, or to the reason why it is none.
 * The text is hostile input: it is sampled from a policy that is paid for surprising the Solver.
 */

/** What kind of question it is: the two averages that benchmarks report. */
export type Domain = 'math' | 'general';

export type InvalidReason =
  | 'no question'
  | 'unfinished'
  | 'special token'
  | 'control character'
  | 'too long'
  | 'wrong beginning'
  | 'wrong end'
  | 'trivial';

export type ParsedQuestion =
  | {
      readonly valid: true;
      readonly question: string;
      /** The Challenger's own answer; null where it gave none that can be read. */
      readonly ownAnswer: string | null;
    }
  | { readonly valid: false; readonly reason: InvalidReason };

/** What a question looks like in the embedded model's format, where it is all that the Challenger writes. */
export interface QuestionRules {
  /** Ends a finished question and is not part of it. */
  readonly terminator: string;
  readonly begins: string;
  readonly ends: string;
  /** Texts that steer a prompt and so may not stand inside a question. */
  readonly specials: readonly string[];
  /** Longest question, in UTF-16 code units. */
  readonly maxLength: number;
}

/** C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of text around. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** Two numbers with something between them: less than that leaves nothing to work out. */
const TWO_NUMBERS = /\d[^\d]+\d/;

/** The question that `completion` holds, or the first reason why it is invalid. */
export function parseQuestion(completion: string, rules: QuestionRules): ParsedQuestion {
  if (!completion.endsWith(rules.terminator)) return { valid: false, reason: 'unfinished' };
  const question = completion.slice(0, completion.length - rules.terminator.length);
  const reason = flaw(question, rules);
  return reason === null ? { valid: true, question, ownAnswer: null } : { valid: false, reason };
}

function flaw(question: string, rules: QuestionRules): InvalidReason | null {
  if (question.length > rules.maxLength) return 'too long';
  if (rules.specials.some((special) => question.includes(special))) return 'special token';
  if (CONTROL.test(question)) return 'control character';
  if (!question.startsWith(rules.begins)) return 'wrong beginning';
  if (!question.endsWith(rules.ends)) return 'wrong end';
  if (!TWO_NUMBERS.test(question)) return 'trivial';
  return null;
}
