import { decideOr } from './allowance.js';
import type { Answer } from './answer.js';
import type { Expression } from './expression.js';
import * as f from './fraction.js';
import { literalValue } from './parse-number.js';
import type { Point } from './polynomial.js';
import * as q from './rational.js';
import { equalValues, hundredth, type Value } from './value.js';

export type Scalar = Answer & { readonly kind: 'scalar' };

/** Whether two values with their units are the same. A unit on one side only is dropped, and two different ones never
 *  are; 50% is 50 and it is 0.5, but 50 is not 0.5. Of ± the first reading counts: see {@link readingsOf}. */
export function sameQuantity(a: Scalar, b: Scalar): boolean {
  if (a.unit !== null && b.unit !== null && a.unit !== b.unit) return false;
  return decideOr(false, () => {
    const [left, right] = [a.values[0], b.values[0]];
    if (left === undefined || right === undefined) return false;
    if (equalValues(left, right) || roundsTo(a.expression, right) || roundsTo(b.expression, left)) return true;
    if (a.unit === 'percent' && b.unit === null) return equalValues(hundredth(left), right);
    if (b.unit === 'percent' && a.unit === null) return equalValues(left, hundredth(right));
    return false;
  });
}

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
