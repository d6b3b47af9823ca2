import { decideOr, startWork } from './allowance.js';
import { type Answer, parseAnswer } from './answer.js';
import { MAX_ANSWER_LENGTH, normalizeAnswer, spelling } from './normalize.js';
import { plainFraction, plainNumber } from './plain.js';
import { sameAnswer } from './same-answer.js';

/**
 * Whether two answers say the same. Exact wherever arithmetic is exact: integers and fractions of any size, roots,
 * polynomials and rational functions; identities of other functions are tested at fixed points. What can't be read,
 * or not within bounds, equals only its own spelling: a missed equality is better than a false one.
 * Reflexive and symmetric; not transitive (50% equals both 50 and 0.5). Never throws, and takes a few
 * milliseconds at the most, whatever the text.
 */
export function equivalent(gold: string, answer: string): boolean {
  if (gold === answer) return true;
  const goldNumber = plainNumber(gold);
  if (goldNumber !== null) {
    const answerNumber = plainNumber(answer);
    if (answerNumber !== null) return goldNumber === answerNumber;
  }
  const goldFraction = plainFraction(gold);
  if (goldFraction !== null) {
    const answerFraction = plainFraction(answer);
    if (answerFraction !== null)
      return goldFraction.over * answerFraction.under === answerFraction.over * goldFraction.under;
  }
  if (gold.length > MAX_ANSWER_LENGTH || answer.length > MAX_ANSWER_LENGTH) return gold.trim() === answer.trim();
  return sameNormalized(normalizeAnswer(gold), normalizeAnswer(answer));
}

/** A key under which answers of one normalised spelling meet: equal keys are equivalent answers. Answers without a
 *  content have none. */
export function spellingKey(answer: string): string | null {
  const digits = plainNumber(answer);
  if (digits !== null) return digits;
  if (answer.length > MAX_ANSWER_LENGTH) return answer.trim();
  const key = spelling(normalizeAnswer(answer));
  return key === '' ? null : key;
}

function sameNormalized(gold: string, answer: string): boolean {
  if (gold === '' || answer === '') return false;
  if (gold === answer || spelling(gold) === spelling(answer)) return true;
  startWork();
  return decideOr(false, () => {
    const parsedGold: Answer = parseAnswer(gold);
    return sameAnswer(parsedGold, parseAnswer(answer));
  });
}
