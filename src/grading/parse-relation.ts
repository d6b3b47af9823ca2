import { Undecidable } from './allowance.js';
import { type Answer, MAX_ITEMS, type Operator, type Parse } from './answer.js';
import { splitOutside } from './structure.js';

/** Equations and inequalities, chains of them too; null for any other text. A sign that nothing stands before ("≥ 3") is
 *  about x. */
export function parseRelation(text: string, parse: Parse): Answer | null {
  if (!/[=<>]|\\(?:[lgn]e|approx)(?![a-z])/.test(text)) return null;
  const { parts, separators } = splitOutside(text, operatorLength);
  if (parts.length < 2) return null;
  if (parts.length > MAX_ITEMS) throw new Undecidable('too many sides');
  const operators = separators.map((sign) => OPERATORS.find(([spelled]) => spelled === sign)?.[1] ?? '=');
  const sides = parts.map((side, index) => label(side) ?? parse(side === '' && index === 0 ? 'x' : side));
  return { kind: 'relation', sides, operators };
}

/** \{x : x > 2\}, by what it says of x: the set is that relation. */
export function parseSetBuilder(inner: string, parse: Parse): Answer | null {
  const found = /^[A-Za-z](?: ?\\in ?\\mathbb ?\{[RQZ]\})? ?(?:\||\\mid|:) ?(?=.*(?:[<>=]|\\[lgn]e|\\in))/.exec(inner);
  return found === null ? null : parse(inner.slice(found[0].length));
}

const OPERATORS: readonly (readonly [string, Operator])[] = [
  ['\\le', '≤'],
  ['\\ge', '≥'],
  ['\\ne', '≠'],
  ['\\approx', '≈'],
  ['<=', '≤'],
  ['>=', '≥'],
  ['!=', '≠'],
  ['=', '='],
  ['<', '<'],
  ['>', '>'],
];

function operatorLength(text: string, index: number): number {
  const found = OPERATORS.find(([spelled]) => text.startsWith(spelled, index))?.[0];
  if (found === undefined || (found.startsWith('\\') && /[a-zA-Z]/.test(text[index + found.length] ?? ''))) return 0;
  return found.length;
}

/** The name of a quantity that is no variable: AB, |AB|, \angle ABC, \frac{NO}{BO}, P(A), \sin\theta, a word. */
function label(text: string): Answer | null {
  return LABEL.test(text) ? { kind: 'phrase', words: `label ${text.replace(/[ {}]/g, '')}` } : null;
}

const SEGMENT = String.raw`(?:\|?[A-Z]{2,4}\|?|\\overline ?\{[A-Z]{1,4}\})`;
const LABEL = new RegExp(
  `^(?:${[
    SEGMENT,
    String.raw`\\frac\{${SEGMENT}\}\{${SEGMENT}\}|${SEGMENT} ?[/:] ?${SEGMENT}`,
    String.raw`(?:m ?)?\\(?:angle|triangle|measuredangle) ?(?:[A-Z]{1,4}|\\[a-z]+)`,
    String.raw`(?:[fghpqruvA-Z]|\\(?:Phi|Psi|phi|psi))(?:_.|_\{[^{}]{1,8}\})?'? ?\([A-Za-z0-9, ]{1,20}\)|y\([xt]\)`,
    String.raw`[A-Z](?:_.|_\{[^{}]{1,8}\})? ?: ?[A-Z](?:_.|_\{[^{}]{1,8}\})?`,
    String.raw`\\(?:sin|cos|tan|cot|sec|csc) ?(?:[A-Z]|\\(?:theta|alpha|beta|gamma|phi|angle ?[A-Z]{1,3}))`,
    String.raw`\\text\{[A-Za-z .]{2,30}\}`,
    String.raw`\\Delta ?[A-Za-z](?:_.|_\{[^{}]{1,8}\})?`,
  ].join('|')})$`,
);
