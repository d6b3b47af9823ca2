import { startWork } from './allowance.js';
import { plainFraction, plainNumber } from './plain.js';
import { contentOf, readContent, sameReading } from './reading.js';

/**
 * Whether two answers say the same. Exact wherever arithmetic is exact: integers and fractions of any size, roots,
 * polynomials and rational functions; identities of other functions are tested at fixed points. What can't be read,
 * or not within bounds, equals only its own spelling: a missed equality is better than a false one.
 * Reflexive and symmetric; not transitive (50% equals both 50 and 0.5). Never throws, and takes a few
 * milliseconds at the most, whatever the text.
 */
export function equivalent(gold: string, answer: string): boolean {
  const plain = samePlain(gold, answer);
  if (plain !== null) return plain;
  const [left, right] = [contentOf(gold), contentOf(answer)];
  if (left === '' || right === '') return false;
  const decided = samePlain(left, right);
  if (decided !== null) return decided;
  const [goldReading, answerReading] = [readContent(left), readContent(right)];
  startWork();
  return sameReading(goldReading, answerReading);
}

/** Whether two texts are the same numbers or fractions, without a parser; null for other texts that differ. */
function samePlain(a: string, b: string): boolean | null {
  if (a === b) return true;
  const number = plainNumber(a);
  if (number !== null) {
    const other = plainNumber(b);
    if (other !== null) return number === other;
  }
  const fraction = plainFraction(a);
  if (fraction === null) return null;
  const other = plainFraction(b);
  return other === null ? null : fraction.over * other.under === other.over * fraction.under;
}
