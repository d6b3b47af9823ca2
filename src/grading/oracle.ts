import { booleanValue } from './boolean-expression.js';

/**
 * The exact answer of a question in the wording of the project's own tasks, or null for any other text. It measures how
 * often a pseudo-label is right; nothing is ever trained on it.
 */
export function oracleAnswer(question: string): string | null {
  const text = question.trim();
  if (text.length > MAX_LENGTH) return null;
  for (const [pattern, answer] of TASKS) {
    const found = pattern.exec(text);
    if (found !== null) return answer(found[1] ?? '', found[2] ?? '', found[3] ?? '', found[4] ?? '', found[5] ?? '');
  }
  return text.endsWith(' is') ? booleanValue(text.slice(0, -3)) : null;
}

const MAX_LENGTH = 1000;

type Parts = (a: string, b: string, c: string, d: string, e: string) => string | null;

const TASKS: readonly (readonly [RegExp, Parts])[] = [
  // GPT-3's arithmetic tasks: Brown et al. 2020, section 3.9.1
  [/^What is (\d{1,100}) (plus|minus|times) (\d{1,100})\?$/, (a, word, b) => applied(a, word, b)],
  [
    /^What is \((\d) ?([-+*]) ?(\d)\) ?([-+*]) ?(\d)\?$/,
    (a, first, b, second, c) => applied(applied(a, first, b), second, c),
  ],
  [/^larger: (\d{1,100}), ?(\d{1,100})\?$/, (a, b) => largest([a, b])],
  [/^max: (\d{1,100}(?:, ?\d{1,100})*)\?$/, (list) => largest(list.split(','))],
  [/^sort: ([a-j]+)\?$/, (letters) => [...letters].sort().join('')],
  [/^count ([a-j]) in ([a-j]+)\?$/, (letter, letters) => String(letters.split(letter).length - 1)],
];

function applied(a: string, operator: string, b: string): string {
  const [left, right] = [BigInt(a), BigInt(b)];
  if (operator === 'plus' || operator === '+') return String(left + right);
  return String(operator === 'minus' || operator === '-' ? left - right : left * right);
}

function largest(numbers: readonly string[]): string {
  const ascending = numbers.map((number) => BigInt(number.trim())).sort((a, b) => (a < b ? -1 : 1));
  return String(ascending.at(-1));
}
