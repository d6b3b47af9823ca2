import { spend } from './allowance.js';
import { canonical } from './canonical.js';
import { type Expression, hasSign } from './expression.js';
import * as f from './fraction.js';
import * as p from './polynomial.js';
import { probe } from './zero.js';

/** The value of an expression, worked out once for all comparisons. */
export interface Value {
  readonly fraction: f.Fraction;
  /** Equal exactly for equal values, among the values that have one; null where only numbers can tell. */
  readonly key: string | null;
  /** About what it is at fixed points, where there is no key. */
  readonly probes: readonly Probe[];
}

interface Probe {
  readonly value: number;
  /** What it may be off by. */
  readonly error: number;
}

const PROBE_COUNT = 2;
/** Relative to the terms: far above the noise of doubles, so that a difference is one. */
const PROBE_ERROR = 1e-6;

/** The value of an expression; both where it contains ±.
 *  @throws Undecidable when it has none, or none within bounds. */
export function valuesOf(expression: Expression): readonly Value[] {
  const signs = hasSign(expression) ? ([1, -1] as const) : ([1] as const);
  return signs.map((sign) => fractionValue(canonical(expression, sign)));
}

function fractionValue(fraction: f.Fraction): Value {
  if (p.constantValue(fraction.under) !== null && !p.hasOpaqueAtom(fraction.over)) {
    return { fraction, key: p.toKey(fraction.over), probes: [] };
  }
  return { fraction, key: null, probes: probesOf(fraction) };
}

/** Whether two values are equal. A difference at a point decides at once; the rest is algebra. */
export function equalValues(a: Value, b: Value): boolean {
  spend(1);
  if (a.key !== null && b.key !== null) return a.key === b.key;
  const [left, right] = [a, b].map(({ fraction, probes }) => (probes.length > 0 ? probes : probesOf(fraction)));
  if (left === undefined || right === undefined || differ(left, right)) return false;
  return f.equal(a.fraction, b.fraction);
}

export function times({ fraction }: Value, factor: f.Fraction): Value {
  return fractionValue(f.multiply(fraction, factor));
}

function differ(a: readonly Probe[], b: readonly Probe[]): boolean {
  // NaN, where a value is not real at a point, tells nothing
  return a.some(({ value, error }, index) => {
    const other = b[index];
    return other !== undefined && Math.abs(value - other.value) > error + other.error;
  });
}

function probesOf({ over, under }: f.Fraction): readonly Probe[] {
  return Array.from({ length: PROBE_COUNT }, (_, index) => {
    const [above, below] = [probe(over, index), probe(under, index)];
    if (!(Math.abs(below.value) > PROBE_ERROR * below.size)) return { value: Number.NaN, error: Number.NaN };
    return { value: above.value / below.value, error: (PROBE_ERROR * above.size) / Math.abs(below.value) };
  });
}
