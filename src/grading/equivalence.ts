import { startWork } from './allowance.js';
import { plainFraction, plainNumber } from './plain.js';
import { readAnswer, sameReading, spellingKey } from './reading.js';

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
  const [left, right] = [spellingKey(gold), spellingKey(answer)];
  if (left === null || right === null) return false;
  if (left === right) return true;
  const [goldReading, answerReading] = [readAnswer(gold), readAnswer(answer)];
  startWork();
  return goldReading !== null && answerReading !== null && sameReading(goldReading, answerReading);
}
