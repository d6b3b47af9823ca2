import { spend, Undecidable } from './allowance.js';
import type { Expression } from './expression.js';
import { parseExpression } from './parse-expression.js';
import { enclosed, splitOutside } from './structure.js';
import { splitUnit } from './units.js';
import { type Value, valuesOf } from './value.js';

/** What an answer is, read from its normalised text. */
export type Answer =
  | { readonly kind: 'phrase'; readonly words: string }
  | {
      readonly kind: 'scalar';
      readonly expression: Expression;
      /** One value, or both where the expression contains ±. */
      readonly values: readonly Value[];
      readonly unit: string | null;
    }
  /** Solutions without an order: 1,2. */
  | { readonly kind: 'list'; readonly items: readonly Answer[] }
  | { readonly kind: 'set'; readonly items: readonly Answer[] }
  /** A tuple or an interval: which of the two, only the question knows. */
  | { readonly kind: 'tuple'; readonly open: string; readonly close: string; readonly items: readonly Answer[] }
  | { readonly kind: 'union'; readonly items: readonly Answer[] }
  | { readonly kind: 'matrix'; readonly determinant: boolean; readonly rows: readonly (readonly Answer[])[] }
  | { readonly kind: 'relation'; readonly sides: readonly Answer[]; readonly operators: readonly Operator[] }
  | { readonly kind: 'ratio'; readonly items: readonly Answer[] }
  /** A number written in another base: 1011_2. */
  | { readonly kind: 'numeral'; readonly digits: string; readonly base: number };

export type Operator = '=' | '≠' | '<' | '≤' | '>' | '≥';

interface Place {
  readonly depth: number;
  /** Inside brackets every comma separates; outside, 1,234 is one number. */
  readonly bracketed: boolean;
}

const OUTERMOST: Place = { depth: 0, bracketed: false };
const MAX_ITEMS = 64;
const MAX_DEPTH = 12;

/** The answer that a normalised text spells.
 *  @throws Undecidable when it spells none that we can read. */
export function parseAnswer(text: string, place: Place = OUTERMOST): Answer {
  spend(2 * text.length);
  if (text === '' || place.depth > MAX_DEPTH) throw new Undecidable('nothing to read');
  const inner = { ...place, depth: place.depth + 1 };
  return (
    phrase(text) ??
    unwrappedText(text, inner) ??
    matrix(text, inner) ??
    list(text, inner) ??
    membership(text, inner) ??
    union(text, inner) ??
    relation(text, inner) ??
    brackets(text, inner) ??
    ratio(text, inner) ??
    numeral(text) ??
    scalar(text)
  );
}

/** Letters only, with a word of three letters or more that is no name of mathematics. Shorter runs are products. */
function phrase(text: string): Answer | null {
  if (!/^[A-Za-z][A-Za-z' -]*$/.test(text)) return null;
  const words = text.split(/[ -]/);
  const isPhrase = words.some((word) => SHORT_WORDS.has(word.toLowerCase()) || (word.length > 2 && !NAMES.has(word)));
  return isPhrase ? { kind: 'phrase', words: text.toLowerCase() } : null;
}

const SHORT_WORDS = new Set(['no', 'on', 'up', 'am', 'pm', 'is', 'it', 'at', 'by', 'do', 'go', 'he', 'me', 'us', 'we']);
const NAMES = new Set(
  'and or pi sqrt sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp abs inf infinity'.split(' '),
);

/** \text{…} around the whole answer. */
function unwrappedText(text: string, place: Place): Answer | null {
  const found = /^\\(?:text|mathrm)(?=\{)/.exec(text);
  const rest = found === null ? null : enclosed(text.slice(found[0].length));
  if (rest === null) return null;
  const content = rest.inner.replace(/\.$/, '').trim();
  if (found?.[0] === '\\text' && /^[A-Za-z]{2,}$/.test(content))
    return { kind: 'phrase', words: content.toLowerCase() };
  return parseAnswer(content, place);
}

function matrix(text: string, place: Place): Answer | null {
  const found = /^\\begin\{([pbvBV]?)matrix\}(.*)\\end\{([pbvBV]?)matrix\}$/.exec(text);
  if (found === null || found[1] !== found[3]) return null;
  const rows = splitOutside(found[2] ?? '', (t, i) => (t.startsWith('\\\\', i) ? 2 : 0)).parts;
  const last = rows.at(-1) === '' ? rows.slice(0, -1) : rows;
  const cells = last.map((row) => splitOutside(row, (t, i) => (t[i] === '&' ? 1 : 0)).parts);
  if (cells.flat().length > MAX_ITEMS) throw new Undecidable('a matrix of too many entries');
  const determinant = found[1] === 'v';
  return { kind: 'matrix', determinant, rows: cells.map((row) => row.map((cell) => parseAnswer(cell, place))) };
}

function list(text: string, place: Place): Answer | null {
  const items = splitList(text, place.bracketed);
  return items === null ? null : { kind: 'list', items: parseAll(items, place) };
}

/** The items between commas, semicolons, "and", "or"; null when there is only one. Outside brackets a comma before
 *  three digits groups them (1,234), as long as every comma of the text does. */
function splitList(text: string, bracketed: boolean): readonly string[] | null {
  if (!/[,;]| and | or |\{ ?(?:and|or) ?\}/.test(text)) return null;
  const joined = text.replace(/,? ?\\text\{ ?(?:and|or) ?\}|,? (?:and|or) /g, ' ; ');
  const groups = !bracketed && !joined.replace(GROUPED, '').includes(',');
  const { parts } = splitOutside(joined, (t, i) => (t[i] === ';' || (t[i] === ',' && !groups) ? 1 : 0));
  return parts.length < 2 ? null : parts;
}

const GROUPED = /(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])/g;

function parseAll(items: readonly string[], place: Place): readonly Answer[] {
  if (items.length > MAX_ITEMS) throw new Undecidable('too many items');
  return items.map((item) => parseAnswer(item, place));
}

/** x \in S: the set. */
function membership(text: string, place: Place): Answer | null {
  const found = /^[A-Za-z] ?\\in(?![a-zA-Z]) ?/.exec(text);
  return found === null ? null : parseAnswer(text.slice(found[0].length), place);
}

function union(text: string, place: Place): Answer | null {
  const { parts } = splitOutside(text, (t, i) => (t.startsWith('\\cup', i) ? 4 : 0));
  return parts.length < 2 ? null : { kind: 'union', items: parseAll(parts, place) };
}

const OPERATORS: readonly (readonly [string, Operator])[] = [
  ['\\le', '≤'],
  ['\\ge', '≥'],
  ['\\ne', '≠'],
  ['<=', '≤'],
  ['>=', '≥'],
  ['!=', '≠'],
  ['=', '='],
  ['<', '<'],
  ['>', '>'],
];

function relation(text: string, place: Place): Answer | null {
  if (!/[=<>]|\\[lgn]e(?![a-z])/.test(text)) return null;
  const { parts, separators } = splitOutside(text, operatorLength);
  if (parts.length < 2) return null;
  const operators = separators.map((sign) => OPERATORS.find(([spelled]) => spelled === sign)?.[1] ?? '=');
  return { kind: 'relation', sides: parseAll(parts, place), operators };
}

function operatorLength(text: string, index: number): number {
  const found = OPERATORS.find(([spelled]) => text.startsWith(spelled, index))?.[0];
  if (found === undefined || (found.startsWith('\\') && /[a-zA-Z]/.test(text[index + 3] ?? ''))) return 0;
  return found.length;
}

function brackets(text: string, place: Place): Answer | null {
  if (text === '\\emptyset') return { kind: 'set', items: [] };
  const found = enclosed(text);
  if (found === null) return null;
  const { open, close, inner } = found;
  const within = { ...place, bracketed: true };
  const items = splitList(inner, true);
  if (open === '\\{' && close === '\\}') {
    return { kind: 'set', items: inner === '' ? [] : parseAll(items ?? [inner], within) };
  }
  if (items !== null && open === '{') return { kind: 'set', items: parseAll(items, within) }; // as plain text writes it
  if (items !== null) return { kind: 'tuple', open, close, items: parseAll(items, within) };
  const grouping = (open === '(' && close === ')') || (open === '{' && close === '}');
  return grouping ? parseAnswer(inner, place) : null;
}

function ratio(text: string, place: Place): Answer | null {
  if (!text.includes(':')) return null;
  const { parts } = splitOutside(text, (t, i) => (t[i] === ':' ? 1 : 0));
  return parts.length < 2 ? null : { kind: 'ratio', items: parseAll(parts, place) };
}

function numeral(text: string): Answer | null {
  const found = /^(\d[0-9A-Fa-f]{0,400}) ?_ ?(?:(\d)|\{ ?(\d{1,2}) ?\}|\{\\(?:text|mathrm)\{ ?(\d{1,2}) ?\}\})$/.exec(
    text,
  );
  if (found === null) return null;
  const base = Number(found[2] ?? found[3] ?? found[4]);
  return { kind: 'numeral', digits: (found[1] ?? '').replace(/^0+(?=.)/, '').toUpperCase(), base };
}

function scalar(text: string): Answer {
  const { value, unit } = splitUnit(text);
  const expression = parseExpression(value);
  return { kind: 'scalar', expression, values: valuesOf(expression), unit };
}
