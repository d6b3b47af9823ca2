import type { Answer } from './answer.js';
import type { Expression } from './expression.js';
import * as f from './fraction.js';

type Relation = Answer & { readonly kind: 'relation' };

/** What x = 5, AB = 5, (x, y) = (1, 2) or f(x) = … says of what. */
export interface Assignment {
  readonly name: string;
  /** The side that is the name. */
  readonly side: Answer;
  readonly value: Answer;
}

/** The name and value of an equation that has a name on one side. In x = 2 + 3 = 5 the value is the last one, in
 *  x = 1/3 ≈ 0.33 the exact one. Null for any other relation. */
export function assignment({ sides, operators }: Relation): Assignment | null {
  if (!operators.every((operator) => operator === '=' || operator === '≈')) return null;
  const [first, second, third] = sides;
  if (first === undefined || second === undefined) return null;
  const name = asName(first);
  if (name !== null) {
    const about = operators.indexOf('≈', 1);
    const value = sides[about < 0 ? sides.length - 1 : about];
    return value === undefined ? null : { name, side: first, value };
  }
  const other = third === undefined ? asName(second) : null;
  return other === null ? null : { name: other, side: second, value: first };
}

/** The value of an equation without letters, 1/2 = 0.5 or 1/3 ≈ 0.33: the exact one; null for any other relation. */
export function statedValue({ sides, operators }: Relation): Answer | null {
  if (!operators.every((operator) => operator === '=' || operator === '≈') || !sides.every(isConstant)) return null;
  const about = operators.indexOf('≈');
  return sides[about < 0 ? sides.length - 1 : about] ?? null;
}

/** What x = 1, y = 2 say, in the order in which it is written; empty when the names are not all different. */
export function assignments(items: readonly Answer[]): readonly Assignment[] {
  const named = items
    .map((item) => (item.kind === 'relation' ? assignment(item) : null))
    .filter((item) => item !== null);
  const names = new Set(named.map(({ name }) => name));
  return named.length === items.length && names.size === items.length ? named : [];
}

/** The values of assignments in the order of their names. */
export function valuesByName(named: readonly Assignment[]): readonly Answer[] {
  return named.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ value }) => value);
}

/** The name that an answer is: a variable, the name of a quantity, or several variables in brackets. π, e, i and infinity
 *  are no names. Null for any other answer. */
export function asName(answer: Answer): string | null {
  if (answer.kind === 'phrase') return answer.words;
  if (answer.kind === 'scalar') return answer.unit === null ? symbolName(answer.expression) : null;
  if (answer.kind !== 'tuple' || answer.open !== '(') return null;
  const names = answer.items.map(asName);
  return names.includes(null) ? null : `(${names.join(',')})`;
}

/** The value of a scalar without ±; null for any other answer. */
export function onlyFraction(answer: Answer): f.Fraction | null {
  const [value, second] = answer.kind === 'scalar' ? answer.values : [];
  return value === undefined || second !== undefined ? null : value.fraction;
}

function symbolName(expression: Expression): string | null {
  if (expression.kind !== 'symbol' || ['pi', 'e', 'i', 'infinity'].includes(expression.name)) return null;
  return expression.name;
}

function isConstant(answer: Answer): boolean {
  const value = onlyFraction(answer);
  return value !== null && !f.toKey(value).includes('$'); // the key of a variable begins with it
}
