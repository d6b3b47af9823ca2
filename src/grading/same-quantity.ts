import { decideOr } from './allowance.js';
import type { Answer } from './answer.js';
import { canonical } from './canonical.js';
import type { Expression } from './expression.js';
import * as f from './fraction.js';
import { literalValue } from './parse-number.js';
import type { Point } from './polynomial.js';
import * as q from './rational.js';

export type Scalar = Answer & { readonly kind: 'scalar' };

/** Whether two values with their units are the same. A unit on one side only is dropped, and two different ones never
 *  are; 50% is 50 and it is 0.5, but 50 is not 0.5. */
export function sameQuantity(a: Scalar, b: Scalar): boolean {
  if (a.unit !== null && b.unit !== null && a.unit !== b.unit) return false;
  if (sameValue(a.expression, b.expression)) return true;
  if (a.unit === 'percent' && b.unit === null) return sameValue(hundredth(a.expression), b.expression);
  if (b.unit === 'percent' && a.unit === null) return sameValue(a.expression, hundredth(b.expression));
  return false;
}

/** Both readings of an expression with ±; the expression itself where there is none. */
export function valuesOf(scalar: Scalar): readonly Scalar[] {
  const readings = ([1, -1] as const).map((sign) => ({
    ...scalar,
    expression: substituteSign(scalar.expression, sign),
  }));
  return readings;
}

/** Whether two expressions have the same value. A decimal of twelve digits or more may be the rounded or cut
 *  value of an expression that no finite decimal equals; a shorter one is only itself. */
export function sameValue(a: Expression, b: Expression): boolean {
  return decideOr(false, () => {
    const left = canonical(a, 1);
    const right = canonical(b, 1);
    return f.equal(left, right) || roundsTo(a, right) || roundsTo(b, left);
  });
}

const NOWHERE: Point = () => Number.NaN;
/** What a calculation in doubles may be off by. */
const DOUBLE_NOISE = q.rational(1n, 10n ** 15n);

/** Whether a long decimal is a value cut or rounded at its last digit, or printed from a double. */
function roundsTo(rounded: Expression, exact: f.Fraction): boolean {
  const literal = literalValue(rounded);
  if (literal === null || literal.decimals === 0) return false;
  const value = f.rationalValue(exact);
  const unit = q.rational(1n, 10n ** BigInt(literal.decimals));
  if (value === null) {
    const distance = Math.abs(f.numericValue(exact, NOWHERE) - q.toNumber(literal.value));
    return distance <= Math.max(q.toNumber(unit), 1e-15 * Math.abs(q.toNumber(literal.value)));
  }
  if (hasFiniteDecimal(value.d)) return false;
  const size = q.absolute(value);
  const missing = q.add(size, q.negate(q.absolute(literal.value)));
  if (value.n < 0n !== literal.value.n < 0n) return false;
  if (missing.n >= 0n && q.compare(missing, unit) < 0) return true; // cut
  const distance = q.absolute(missing);
  return q.compare(q.add(distance, distance), unit) <= 0 || q.compare(distance, q.multiply(size, DOUBLE_NOISE)) <= 0;
}

function hasFiniteDecimal(denominator: bigint): boolean {
  let rest = denominator;
  while (rest % 2n === 0n) rest /= 2n;
  while (rest % 5n === 0n) rest /= 5n;
  return rest === 1n;
}

function hundredth(of: Expression): Expression {
  return { kind: 'quotient', over: of, under: { kind: 'number', value: q.integer(100), decimals: 0 } };
}

function substituteSign(expression: Expression, sign: 1 | -1): Expression {
  const walk = (e: Expression): Expression => {
    switch (e.kind) {
      case 'sign':
        return { kind: 'number', value: q.integer(e.flipped ? -sign : sign), decimals: 0 };
      case 'number':
      case 'symbol':
        return e;
      case 'sum':
        return { ...e, terms: e.terms.map(walk) };
      case 'product':
        return { ...e, factors: e.factors.map(walk) };
      case 'negative':
        return { ...e, of: walk(e.of) };
      case 'quotient':
        return { ...e, over: walk(e.over), under: walk(e.under) };
      case 'power':
        return { ...e, base: walk(e.base), exponent: walk(e.exponent) };
      case 'call':
        return { ...e, argument: walk(e.argument) };
      case 'binomial':
        return { ...e, of: walk(e.of), choose: walk(e.choose) };
    }
  };
  return walk(expression);
}
