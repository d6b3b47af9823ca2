import { decideOr } from './allowance.js';
import type { Answer, Operator } from './answer.js';
import { asName, assignment, onlyFraction } from './assignments.js';
import type { Expression } from './expression.js';
import * as f from './fraction.js';
import * as p from './polynomial.js';
import * as q from './rational.js';
import { valuesOf } from './value.js';
import { isZero } from './zero.js';

type Relation = Answer & { readonly kind: 'relation' };

/** The interval or union that a chain of inequalities about one variable says: 0 ≤ x < 1 is [0, 1), x ≠ 3 is all but 3;
 *  null for other relations. */
export function asInterval(relation: Relation): Answer | null {
  const { sides, operators } = ascending(relation);
  const [first, second, third, ...others] = sides;
  if (first === undefined || second === undefined || others.length > 0) return null;
  if (operators[0] === '≠' && third === undefined) {
    const excluded = asName(first) !== null ? second : asName(second) !== null ? first : null;
    if (excluded === null) return null;
    return {
      kind: 'union',
      items: [interval(infinity(true), excluded, false, false), interval(excluded, infinity(false), false, false)],
    };
  }
  if (!operators.every(isAscending)) return null;
  if (third !== undefined) {
    if (asName(second) === null) return null;
    return interval(first, third, operators[0] === '≤', operators[1] === '≤');
  }
  if (asName(first) !== null) return interval(infinity(true), second, false, operators[0] === '≤');
  return asName(second) === null ? null : interval(first, infinity(false), operators[0] === '≤', false);
}

/** The union of the intervals that each item of a list says: x < 2 or x > 3; null where one says none. */
export function asUnion(items: readonly Answer[]): Answer | null {
  const intervals = items.map((item) => (item.kind === 'relation' ? asInterval(item) : null));
  const known = intervals.filter((item) => item !== null);
  return known.length < intervals.length ? null : { kind: 'union', items: known };
}

/** Whether two relations say the same: rearranged, turned round, or scaled by a constant. y = x² is f(x) = x² too. */
export function sameRelation(a: Relation, b: Relation, same: (a: Answer, b: Answer) => boolean): boolean {
  const left = ascending(a);
  const right = ascending(b);
  const [stated, other] = [assignment(a), assignment(b)];
  if (stated !== null && other !== null && sameName(stated.name, other.name) && same(stated.value, other.value))
    return true;
  if (left.sides.length !== right.sides.length) return false;
  if (sameSides(left, right, same)) return true;
  if (left.sides.length !== 2 || left.operators[0] !== right.operators[0]) return false;
  return decideOr(false, () => proportional(difference(left), difference(right), left.operators[0] ?? '='));
}

function sameName(a: string, b: string): boolean {
  return a === b || (FUNCTION_NAME.test(a) && FUNCTION_NAME.test(b));
}

const FUNCTION_NAME = /^(?:y|label [fg]\([a-z]\)|label y\([xt]\))$/;

function sameSides(a: Relation, b: Relation, same: (a: Answer, b: Answer) => boolean): boolean {
  if (!a.operators.every((operator, index) => operator === b.operators[index])) return false;
  return a.sides.every((side, index) => same(side, b.sides[index] as Answer));
}

/** Left side minus right side; null when a side is no scalar. */
function difference(relation: Relation): f.Fraction | null {
  const [left, right] = relation.sides.map(onlyFraction);
  return left == null || right == null ? null : f.add(left, f.negate(right));
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
  return ({ '<': '>', '>': '<', '≤': '≥', '≥': '≤', '=': '=', '≠': '≠', '≈': '≈' } as const)[operator];
}

function isAscending(operator: Operator): boolean {
  return operator === '<' || operator === '≤';
}

function interval(low: Answer, high: Answer, closedLow: boolean, closedHigh: boolean): Answer {
  return { kind: 'tuple', open: closedLow ? '[' : '(', close: closedHigh ? ']' : ')', items: [low, high] };
}

function infinity(negative: boolean): Answer {
  const symbol: Expression = { kind: 'symbol', name: 'infinity' };
  const expression: Expression = negative ? { kind: 'negative', of: symbol } : symbol;
  return { kind: 'scalar', unit: null, expression, values: valuesOf(expression) };
}
