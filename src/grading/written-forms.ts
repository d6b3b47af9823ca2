import type { Answer } from './answer.js';
import { parseExpression } from './parse-expression.js';
import { valuesOf } from './value.js';

/** Numbers, sets, times and dates that have a spelling of their own. */

/** A number in words up to a hundred; null for other words. */
export function wordNumber(words: string): number | null {
  if (words === 'hundred' || words === 'one hundred') return 100;
  const [first = '', second, ...others] = words.split(/[ -]/);
  const ten = TENS.indexOf(first);
  if (second === undefined) return ten >= 0 ? 10 * (ten + 2) : indexOrNull(SMALL.indexOf(first));
  const unit = SMALL.indexOf(second);
  return ten >= 0 && unit > 0 && unit < 10 && others.length === 0 ? 10 * (ten + 2) + unit : null;
}

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

function indexOrNull(index: number): number | null {
  return index < 0 ? null : index;
}

/** A time with am or pm, or a date with the name of its month, in one spelling each; null for any other text. */
export function clockOrDate(text: string): string | null {
  if (!/\d/.test(text) || text.length > 40) return null;
  const plain = text.replace(/\\(?:text|mathrm) ?\{ ?([^{}]*?) ?\}/g, ' $1').replace(/ +/g, ' ');
  const clock = CLOCK.exec(plain);
  if (clock !== null) return `${Number(clock[1])}:${clock[2] ?? '00'} ${clock[3]?.toLowerCase()}m`;
  const date = MONTH_FIRST.exec(plain);
  if (date !== null) return dated(date[2], date[1], date[3]);
  const other = DAY_FIRST.exec(plain);
  return other === null ? null : dated(other[1], other[2], other[3]);
}

function dated(day: string | undefined, month: string | undefined, year: string | undefined): string {
  return `${month?.slice(0, 3).toLowerCase()} ${Number(day)} ${year ?? ''}`.trim();
}

const CLOCK = /^(\d{1,2})(?::([0-5]\d))? ?([ap])\.? ?m\.?$/i;
const MONTH =
  '(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|tember|ember|ober)?\\.?';
const MONTH_FIRST = new RegExp(`^${MONTH} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?$`, 'i');
const DAY_FIRST = new RegExp(`^(\\d{1,2})(?:st|nd|rd|th)? (?:of )?${MONTH}(?:,? (\\d{4}))?$`, 'i');

/** The set of all real numbers as the interval that it is; null for any other text. */
export function everyReal(text: string): Answer | null {
  if (!/^(?:\\(?:text|mathrm) ?\{ ?)?(?:all )?(?:the )?real numbers?(?: ?\})?$|^\\mathbb ?\{?R\}?$/i.test(text))
    return null;
  const items = ['-\\infty', '\\infty'].map((end): Answer => {
    const expression = parseExpression(end);
    return { kind: 'scalar', expression, values: valuesOf(expression), unit: null };
  });
  return { kind: 'tuple', open: '(', close: ')', items };
}

/** 1011_2, -0.11_2, (1011)_2, 1011_{two}; null for any other text. */
export function numeral(text: string): Answer | null {
  const found = NUMERAL.exec(text);
  const written = found?.[3] ?? '';
  const base = /^\d+$/.test(written) ? Number(written) : wordNumber(written);
  if (found === null || base === null || base < 2) return null;
  const digits = (found[2] ?? '').replace(/^0+(?=[^.])/, '').toUpperCase();
  return { kind: 'numeral', digits: `${found[1]}${digits}`, base };
}

const NUMERAL =
  /^(-?)(?:\\(?:text|mathrm) ?\{|\()?([0-9A-Fa-f]{1,400}(?:\.[0-9A-Fa-f]{1,400})?)[)}]? ?_ ?(?=\d$|\{)\{? ?(?:\\(?:text|mathrm) ?\{ ?)?\(?(\d{1,2}|[a-z]{3,8})\)? ?\}{0,2}$/;
