import { closingBrace, joinedBoxes } from './boxed.js';
import { plainCharacters } from './characters.js';
import { plainCommands } from './commands.js';
import { withoutLeadIn } from './lead-in.js';

/**
 * One spelling for answers that differ only in typesetting. The meaning is decided later, by parsing:
 * nothing is dropped here that could change it. Every step is linear in the length of the text.
 */

/** Answers longer than this are compared letter by letter only: no person writes them, and they cost time. */
export const MAX_ANSWER_LENGTH = 2000;

/** The answer with TeX delimiters, spacing, sizes and synonyms removed, ready for the parser. Of a text with boxes, what
 *  is in the boxes. */
export function normalizeAnswer(text: string): string {
  if (PLAIN.test(text)) return text;
  let cleaned = plainCommands(singleBackslashes(plainCharacters(joinedBoxes(text) ?? text)).replace(GROUP_MARK, ''))
    .replace(/ +/g, ' ')
    .replace(/(\\[a-z]+) (?=\{)/g, '$1')
    .replace(/(?<=\d) ?x ?(?=10 ?\^)/g, '*');
  for (let round = 0; round < 8; round++) {
    const inner = unwrap(cleaned.trim());
    if (inner === cleaned) break;
    cleaned = inner;
  }
  return cleaned;
}

/** Commands of texts that were escaped once too often; in matrices and systems two backslashes end a line. */
function singleBackslashes(text: string): string {
  return text.includes('\\begin') ? text : text.replace(/\\\\(?=[A-Za-z(){}])/g, '\\');
}

/** Nothing to clean: a word, a number, 3/4, x+1. */
const PLAIN = /^[A-Za-z0-9+/-]+$/;

/** A key that is equal for answers that differ in spaces and `\text` only: the fast way to group votes. */
export function spelling(normalized: string): string {
  if (PLAIN.test(normalized)) return normalized;
  return normalized
    .replace(/\\(?:text|mathrm)\{([^{}]*)\}/g, ' $1 ')
    .replace(/ +/g, ' ')
    .replace(/(^|[^A-Za-z]) (?=[A-Za-z])|([^A-Za-z0-9]) (?=[0-9])| (?=[^A-Za-z0-9]|$)/g, '$1$2');
}

function unwrap(text: string): string {
  if (/(?:[^.]\.|[,;:]|[^\\]\\|\\\\)$/.test(text)) return text.replace(/(?:\\\\|[.,;:\\])$/, '');
  if (text.startsWith('$$') && text.endsWith('$$') && text.length >= 4) return text.slice(2, -2);
  if (text.startsWith('\\(') && text.endsWith('\\)')) return text.slice(2, -2);
  if (text.startsWith('\\[') && text.endsWith('\\]')) return text.slice(2, -2);
  if (text.startsWith('{') && !text.includes(',') && closingBrace(text, 0) === text.length - 1)
    return text.slice(1, -1);
  const inner = withoutLeadIn(text);
  return inner === text && text.includes('$') ? withoutDollars(text) : inner;
}

/** `$1$, $2$` without its delimiters; an odd number of dollar signs is left alone. */
function withoutDollars(text: string): string {
  const parts = text.split(/(?<!\\)\$/);
  return parts.length % 2 === 1 ? parts.join('') : text;
}

/** What is written between groups of three digits: `1{,}234`, `1,\!234`, `1\,234`, `1, 234` in TeX, `1'234`. */
const GROUP_MARK = /(?<=\d)(?:\{,\}|,\\! ?|\\[,:; ]|')(?=\d{3}(?!\d))/g;
