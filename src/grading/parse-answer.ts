import { spend, Undecidable } from './allowance.js';
import { type Answer, MAX_ITEMS, type Parse, type Place } from './answer.js';
import { parseExpression } from './parse-expression.js';
import { parseMatrix } from './parse-matrix.js';
import { parseRelation, parseSetBuilder } from './parse-relation.js';
import { choice, phrase } from './phrases.js';
import { splitList } from './split-list.js';
import { enclosed, splitOutside } from './structure.js';
import { splitUnit } from './units.js';
import { valuesOf } from './value.js';
import { everyReal, numeral } from './written-forms.js';

const OUTERMOST: Place = { depth: 0, bracketed: false };
const MAX_DEPTH = 12;

/** The answer that a normalised text spells: the first of the forms below that it has.
 *  @throws Undecidable when it spells none that we can read. */
export function parseAnswer(text: string, place: Place = OUTERMOST): Answer {
  spend(2 * text.length);
  if (text === '' || place.depth > MAX_DEPTH) throw new Undecidable('nothing to read');
  const inner = { ...place, depth: place.depth + 1 };
  const parse: Parse = (part) => parseAnswer(part, inner);
  return (
    (place.depth === 0 ? choice(text, parse) : null) ??
    phrase(text) ??
    everyReal(text) ??
    unwrappedText(text, parse) ??
    parseMatrix(text, parse) ??
    list(text, inner) ??
    membership(text, parse) ??
    union(text, parse) ??
    parseRelation(text, parse) ??
    brackets(text, inner) ??
    ratio(text, parse) ??
    numeral(text) ??
    scalar(text)
  );
}

/** \text{…} around the whole answer. */
function unwrappedText(text: string, parse: Parse): Answer | null {
  const found = /^\\(?:text|mathrm)(?=\{)/.exec(text);
  const rest = found === null ? null : enclosed(text.slice(found[0].length));
  if (rest === null) return null;
  const content = rest.inner.replace(/\.$/, '').trim();
  if (found?.[0] === '\\text' && /^[A-Za-z]{2,}$/.test(content))
    return phrase(content) ?? { kind: 'phrase', words: content.toLowerCase() };
  return parse(content);
}

function list(text: string, place: Place): Answer | null {
  const items = splitList(text, place.bracketed);
  return items === null ? null : { kind: 'list', items: parseAll(items, (item) => parseAnswer(item, place)) };
}

function parseAll(items: readonly string[], parse: Parse): readonly Answer[] {
  if (items.length > MAX_ITEMS) throw new Undecidable('too many items');
  return items.map(parse);
}

/** x \in S: the set. */
function membership(text: string, parse: Parse): Answer | null {
  const found = /^[A-Za-z] ?\\in(?![a-zA-Z]) ?/.exec(text);
  return found === null ? null : parse(text.slice(found[0].length));
}

function union(text: string, parse: Parse): Answer | null {
  const { parts } = splitOutside(text, (t, i) => (t.startsWith('\\cup', i) ? 4 : 0));
  return parts.length < 2 ? null : { kind: 'union', items: parseAll(parts, parse) };
}

function brackets(text: string, place: Place): Answer | null {
  if (text === '\\emptyset') return { kind: 'set', items: [] };
  const found = enclosed(text);
  if (found === null) return null;
  const { open, close, inner } = found;
  const parse: Parse = (item) => parseAnswer(item, { ...place, bracketed: true });
  if (open === '\\{' && close === '\\}') {
    if (inner === '') return { kind: 'set', items: [] };
    return parseSetBuilder(inner, parse) ?? { kind: 'set', items: parseAll(splitList(inner, true) ?? [inner], parse) };
  }
  const items = splitList(inner, true);
  if (items !== null && open === '{') return { kind: 'set', items: parseAll(items, parse) }; // as plain text writes it
  if (items !== null) return { kind: 'tuple', open, close, items: parseAll(items, parse) };
  const grouping = (open === '(' && close === ')') || (open === '{' && close === '}');
  return grouping ? parseAnswer(inner, place) : null;
}

function ratio(text: string, parse: Parse): Answer | null {
  const parted = text.includes(':') ? text : text.replace(/(?<=\d) ?(?:to|\\text ?\{ ?to ?\}) ?(?=\d)/g, ':');
  if (!parted.includes(':')) return null;
  const { parts } = splitOutside(parted, (t, i) => (t[i] === ':' ? 1 : 0));
  if (parts.length < 2) return null;
  return { kind: 'ratio', items: parseAll(parts, parse), clock: /^\d{1,2}:[0-5]\d(?::[0-5]\d)?$/.test(text) };
}

function scalar(text: string): Answer {
  const { value, unit } = splitUnit(text);
  const expression = parseExpression(value);
  return { kind: 'scalar', expression, values: valuesOf(expression), unit };
}
