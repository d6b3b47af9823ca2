import { decideOr } from './allowance.js';
import type { Answer, Parse } from './answer.js';
import { integer } from './rational.js';
import { valuesOf } from './value.js';
import { clockOrDate, wordNumber } from './written-forms.js';

/** Letters only, with a word of three letters or more that is no name of mathematics: words, or a number, a date or a time
 *  of day in words. Shorter runs of letters are products. */
export function phrase(text: string): Answer | null {
  const known = clockOrDate(text);
  if (known !== null) return { kind: 'phrase', words: known };
  if (!/^[A-Za-z][A-Za-z' -]*$/.test(text)) return null;
  const words = text.toLowerCase();
  if (NO_SOLUTION.test(words)) return { kind: 'set', items: [] };
  const number = wordNumber(words);
  if (number !== null) {
    const expression = { kind: 'number', value: integer(number), decimals: 0 } as const;
    return { kind: 'scalar', expression, values: valuesOf(expression), unit: null };
  }
  const isPhrase = text
    .split(/[ -]/)
    .some((word) => SHORT_WORDS.has(word.toLowerCase()) || (word.length > 2 && !NAMES.has(word)));
  return isPhrase && !LISTING.test(text) ? { kind: 'phrase', words } : null;
}

const NO_SOLUTION = /^(?:there (?:is|are) )?no (?:real )?solutions?(?: exists?)?$|^(?:the )?empty set$/;
/** A list of single names or letters: C and A. */
const LISTING = /^[A-Z](?: (?:and|or) [A-Z])+$/;
const SHORT_WORDS = new Set(['no', 'on', 'up', 'am', 'pm', 'is', 'it', 'at', 'by', 'do', 'go', 'he', 'me', 'us', 'we']);
const NAMES = new Set(
  'and or pi sqrt sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp abs inf infinity'.split(' '),
);

/** An option by its letter, alone or with what it says: (B), B), [B], Option B, B. 12 cm, \textbf{(C)} 12. A letter alone
 *  without a mark is left to be a variable, which is spelled the same. */
export function choice(text: string, parse: Parse): Answer | null {
  const plain = text.replace(/^\\(?:text|mathrm) ?\{ ?(\(?[A-J]\)?[.:]?) ?\}/, '$1');
  const found = LEAD.exec(plain) ?? MARKED.exec(plain);
  const letter = found?.[1] ?? found?.[2] ?? found?.[3] ?? found?.[4];
  if (found === null || letter === undefined) return null;
  const rest = plain.slice(found[0].length).trim();
  const content = rest.replace(/^\\(?:text|mathrm) ?\{(.*)\}$/, '$1').trim();
  return { kind: 'choice', letter, content: content === '' ? null : decideOr(null, () => parse(content)) };
}

const LEAD = /^(?:the )?(?:correct )?(?:option|choice|answer|letter) ?(?:is )?\(?([A-Ja-j])\)?(?![A-Za-z])[.:)]?/i;
const MARKED = /^(?:\(([A-J])\)|\[([A-J])\]$|([A-J])\)|([A-J])\.(?= ))/;
