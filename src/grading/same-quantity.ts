import { decideOr } from './allowance.js';
import type { Scalar } from './answer.js';
import { canonical } from './canonical.js';
import type { Expression } from './expression.js';
import * as f from './fraction.js';
import { literalValue } from './parse-number.js';
import type { Point } from './polynomial.js';
import * as q from './rational.js';
import { equalValues, times, type Value } from './value.js';

/** Whether two values with their units are the same. A unit on one side only is dropped; two units are the same where
 *  one is so many of the other (1 h is 60 min); 50% is 50 and it is 0.5, but 50 is not 0.5; 180° is 180 and it is π. Of ±
 *  the first reading counts: see {@link readingsOf}. */
export function sameQuantity(a: Scalar, b: Scalar): boolean {
  return decideOr(false, () => {
    const [left, right] = [a.values[0], b.values[0]];
    if (left === undefined || right === undefined) return false;
    if (a.unit !== null && b.unit !== null) {
      if (a.unit.name !== b.unit.name) return false;
      const ratio = q.divide(a.unit.scale, b.unit.scale);
      if (!q.equals(ratio, q.ONE)) return equalValues(times(left, f.fromRational(ratio)), right);
    }
    if (equalValues(left, right) || roundsTo(a.expression, right) || roundsTo(b.expression, left)) return true;
    const unit = b.unit === null ? a.unit : a.unit === null ? b.unit : null;
    const factor = unit === null ? undefined : FACTORS.get(unit.name);
    if (factor === undefined) return false;
    return a.unit === null ? equalValues(left, times(right, factor)) : equalValues(times(left, factor), right);
  });
}

/** What a sign stands for where the other side has none. */
const FACTORS: ReadonlyMap<string, f.Fraction> = new Map([
  ['percent', f.fromRational(q.rational(1n, 100n))],
  ['degree', f.multiply(f.fromRational(q.rational(1n, 180n)), canonical({ kind: 'symbol', name: 'pi' }, 1))],
]);

/** An expression with ± as two, one for each reading of it; any other as itself. */
export function readingsOf(scalar: Scalar): readonly Scalar[] {
  return scalar.values.map((value) => ({ ...scalar, values: [value] }));
}

const NOWHERE: Point = () => Number.NaN;
/** What a calculation in doubles may be off by. */
const DOUBLE_NOISE = q.rational(1n, 10n ** 15n);

/** Whether a long decimal is a value cut or rounded at its last digit, or printed from a double. */
function roundsTo(rounded: Expression, { fraction: exact }: Value): boolean {
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
