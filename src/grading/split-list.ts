import { splitOutside } from './structure.js';

/** The items between commas, "and", "or", or between semicolons where there are any; null when there is only one. Outside
 *  brackets a comma before three digits groups them (1,234), as long as every comma of the text does. */
export function splitList(text: string, bracketed: boolean): readonly string[] | null {
  if (!/[,;]|(?:and|or)(?![a-z])|\\&/.test(text)) return null;
  if (text.includes(';')) {
    const { parts } = splitOutside(text, (t, i) => (t[i] === ';' ? 1 : 0));
    if (parts.length > 1) return parts;
  }
  const joined = text.replace(BETWEEN, ' ; ');
  const groups = !bracketed && !joined.replace(GROUPED, '').includes(',');
  const { parts } = splitOutside(joined, (t, i) => (t[i] === ';' || (t[i] === ',' && !groups) ? 1 : 0));
  return parts.length < 2 ? null : parts;
}

/** A word between two items, with the comma before it. */
const BETWEEN = /,? ?(?:\\(?:text|mathrm)\{,? ?(?:and|or) ?\}|(?<=[ )\d])(?:and|or)(?=[ (\\])|\\&) ?/g;

const GROUPED = /(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])/g;
