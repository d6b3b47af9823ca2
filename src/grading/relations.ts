import { decideOr } from './allowance.js';
import type { Answer, Operator } from './answer.js';
import type { Expression } from './expression.js';
import * as f from './fraction.js';
import * as p from './polynomial.js';
import * as q from './rational.js';
import { valuesOf } from './value.js';
import { isZero } from './zero.js';

type Relation = Answer & { readonly kind: 'relation' };
type Tuple = Answer & { readonly kind: 'tuple' };
type Symbol = { readonly kind: 'symbol'; readonly name: string };
type Name = Answer & { readonly kind: 'scalar'; readonly expression: Symbol };

/** The name and value of x = 5, 5 = x or f(x) = …; null for any other relation. */
export function assignment(relation: Relation): { readonly name: Name; readonly value: Answer } | null {
  const [left, right, ...others] = relation.sides;
  if (left === undefined || right === undefined || others.length > 0 || relation.operators[0] !== '=') return null;
  const name = asName(left);
  if (name !== null) return { name, value: right };
  const other = asName(right);
  return other === null ? null : { name: other, value: left };
}

/** The values of x = 1, y = 2 in the order of their names; empty when the names are not all different. */
export function assignments(items: readonly Answer[]): readonly Answer[] {
  const named = items
    .map((item) => (item.kind === 'relation' ? assignment(item) : null))
    .filter((item) => item !== null);
  const names = new Set(named.map((item) => item.name.expression.name));
  if (named.length !== items.length || names.size !== items.length) return [];
  const key = (item: (typeof named)[number]): string => item.name.expression.name;
  return named.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).map((item) => item.value);
}

/** The interval that a chain of inequalities about one variable says: 0 ≤ x < 1 is [0, 1); null for others. */
export function asInterval(relation: Relation): Tuple | null {
  const { sides, operators } = ascending(relation);
  const [first, second, third, ...others] = sides;
  if (first === undefined || second === undefined || others.length > 0 || !operators.every(isAscending)) return null;
  if (third !== undefined) {
    if (asName(second) === null) return null;
    return interval(first, third, operators[0] === '≤', operators[1] === '≤');
  }
  if (asName(first) !== null) return interval(infinity(true), second, false, operators[0] === '≤');
  return asName(second) === null ? null : interval(first, infinity(false), operators[0] === '≤', false);
}

/** Whether two relations say the same: rearranged, turned round, or scaled by a constant. */
export function sameRelation(a: Relation, b: Relation, same: (a: Answer, b: Answer) => boolean): boolean {
  const left = ascending(a);
  const right = ascending(b);
  if (left.sides.length !== right.sides.length) return false;
  if (sameSides(left, right, same)) return true;
  if (left.sides.length !== 2 || left.operators[0] !== right.operators[0]) return false;
  return decideOr(false, () => proportional(difference(left), difference(right), left.operators[0] ?? '='));
}

function sameSides(a: Relation, b: Relation, same: (a: Answer, b: Answer) => boolean): boolean {
  if (!a.operators.every((operator, index) => operator === b.operators[index])) return false;
  return a.sides.every((side, index) => same(side, b.sides[index] as Answer));
}

/** Left side minus right side; null when a side is no scalar. */
function difference(relation: Relation): f.Fraction | null {
  const [left, right] = relation.sides.map(onlyValue);
  return left == null || right == null ? null : f.add(left, f.negate(right));
}

/** The value of a scalar without ±; null for any other answer. */
function onlyValue(answer: Answer): f.Fraction | null {
  const [value, second] = answer.kind === 'scalar' ? answer.values : [];
  return value === undefined || second !== undefined ? null : value.fraction;
}

function proportional(a: f.Fraction | null, b: f.Fraction | null, operator: Operator): boolean {
  if (a === null || b === null) return false;
  const left = p.multiply(a.over, b.under);
  const right = p.multiply(b.over, a.under);
  for (const [key, term] of left) {
    const other = right.get(key);
    if (other === undefined || key === '') continue;
    const ratio = q.divide(term.coefficient, other.coefficient);
    if (ratio.n < 0n && operator !== '=' && operator !== '≠') return false;
    return isZero(p.subtract(left, p.scale(right, ratio)));
  }
  return false;
}

/** The same relation with its signs pointing up: 3 > x > 1 becomes 1 < x < 3. */
function ascending(relation: Relation): Relation {
  if (!relation.operators.some((operator) => operator === '>' || operator === '≥')) return relation;
  return { ...relation, sides: relation.sides.toReversed(), operators: relation.operators.toReversed().map(turned) };
}

function turned(operator: Operator): Operator {
  return ({ '<': '>', '>': '<', '≤': '≥', '≥': '≤', '=': '=', '≠': '≠' } as const)[operator];
}

function isAscending(operator: Operator): boolean {
  return operator === '<' || operator === '≤';
}

function asName(answer: Answer): Name | null {
  if (answer.kind !== 'scalar' || answer.unit !== null) return null;
  const expression = named(answer.expression);
  return expression === null ? null : { ...answer, expression };
}

/** A variable, or y(x) and f(x) as the name of a function. π, e, i and infinity are no names. */
function named(expression: Expression): Symbol | null {
  if (expression.kind === 'call' && (expression.name === 'f' || expression.name === 'g')) {
    return named(expression.argument) === null ? null : { kind: 'symbol', name: `${expression.name}()` };
  }
  if (expression.kind !== 'symbol' || ['pi', 'e', 'i', 'infinity'].includes(expression.name)) return null;
  return expression;
}

function interval(low: Answer, high: Answer, closedLow: boolean, closedHigh: boolean): Tuple {
  return { kind: 'tuple', open: closedLow ? '[' : '(', close: closedHigh ? ']' : ')', items: [low, high] };
}

function infinity(negative: boolean): Answer {
  const symbol: Expression = { kind: 'symbol', name: 'infinity' };
  const expression: Expression = negative ? { kind: 'negative', of: symbol } : symbol;
  return { kind: 'scalar', unit: null, expression, values: valuesOf(expression) };
}
