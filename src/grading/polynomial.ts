import { spend, Undecidable } from './allowance.js';
import type { Rational } from './rational.js';
import * as q from './rational.js';

/**
 * Sums of terms with exact coefficients: a term is a rational times powers of atoms (variables, π, e, i, primes under
 * a root, logarithms of primes, functions of something). Between atoms that are not `opaque` there is no algebraic
 * relation that we miss (roots of primes: Besicovitch 1940), so such a sum is zero only when no term is left.
 */

/** Values of the variables at one numeric point. */
export type Point = (variable: string) => number;

export interface Atom {
  /** Equal for equal atoms; terms are sorted by it. */
  readonly key: string;
  /** Its value where the variables have these values; NaN where it has none among the reals. */
  readonly at: (point: Point) => number;
  /** Whether it may be related to other atoms in ways that only numbers show: sin²x + cos²x = 1. */
  readonly opaque: boolean;
  /** Whether it is a positive real everywhere, so that powers of powers multiply. */
  readonly positive: boolean;
  /** A root of this prime, whose whole powers belong to the coefficient. */
  readonly prime?: bigint;
}

export interface Factor {
  readonly atom: Atom;
  readonly exponent: Rational;
}

export interface Term {
  readonly coefficient: Rational;
  readonly factors: readonly Factor[];
}

/** Terms by the key of their factors. */
export type Polynomial = ReadonlyMap<string, Term>;

const MAX_TERMS = 120;

export const I: Atom = { key: 'i', at: () => Number.NaN, opaque: false, positive: false };
export const ZERO: Polynomial = new Map();
export const ONE: Polynomial = constant(q.ONE);

export function constant(value: Rational): Polynomial {
  return fromTerms([{ coefficient: value, factors: [] }]);
}

export function fromAtom(atom: Atom, exponent: Rational = q.ONE): Polynomial {
  return fromTerms([{ coefficient: q.ONE, factors: [{ atom, exponent }] }]);
}

export function add(a: Polynomial, b: Polynomial): Polynomial {
  return fromTerms([...a.values(), ...b.values()]);
}

export function scale(a: Polynomial, by: Rational): Polynomial {
  return fromTerms([...a.values()].map((term) => ({ ...term, coefficient: q.multiply(term.coefficient, by) })));
}

export function subtract(a: Polynomial, b: Polynomial): Polynomial {
  return add(a, scale(b, q.integer(-1)));
}

export function multiply(a: Polynomial, b: Polynomial): Polynomial {
  const products: Term[] = [];
  for (const left of a.values()) {
    for (const right of b.values()) {
      spend(20);
      products.push({
        coefficient: q.multiply(left.coefficient, right.coefficient),
        factors: [...left.factors, ...right.factors],
      });
    }
  }
  return fromTerms(products);
}

/** The only term, or null when there are several; the zero polynomial has none. */
export function singleTerm(a: Polynomial): Term | null {
  if (a.size !== 1) return null;
  for (const term of a.values()) return term;
  return null;
}

/** The value of a polynomial without atoms; null when it has any. */
export function constantValue(a: Polynomial): Rational | null {
  if (a.size === 0) return q.ZERO;
  const term = singleTerm(a);
  return term !== null && term.factors.length === 0 ? term.coefficient : null;
}

/** Whether an atom may be related to others in ways that only numbers show. */
export function hasOpaqueAtom(a: Polynomial): boolean {
  for (const { factors } of a.values()) if (factors.some(({ atom }) => atom.opaque)) return true;
  return false;
}

/** A spelling that is equal for equal polynomials. */
export function toKey(a: Polynomial): string {
  return [...a.entries()]
    .map(([key, term]) => `${q.toKey(term.coefficient)}·${key}`)
    .sort()
    .join('+');
}

/** Sums terms of equal factors and drops those that vanish. */
export function fromTerms(terms: readonly Term[]): Polynomial {
  const sums = new Map<string, Term>();
  spend(terms.length);
  for (const raw of terms) {
    const term = simplified(raw);
    const key = factorsKey(term.factors);
    const before = sums.get(key);
    const coefficient = before === undefined ? term.coefficient : q.add(before.coefficient, term.coefficient);
    if (q.isZero(coefficient)) sums.delete(key);
    else sums.set(key, { coefficient, factors: term.factors });
  }
  if (sums.size > MAX_TERMS) throw new Undecidable('too many terms');
  return sums;
}

export function factorsKey(factors: readonly Factor[]): string {
  return factors.map(({ atom, exponent }) => `${atom.key}^${q.toKey(exponent)}`).join('·');
}

/** Equal atoms gathered and sorted, i² = -1 applied, whole powers of primes moved to the coefficient. */
function simplified(term: Term): Term {
  if (term.factors.length === 0) return term;
  spend(term.factors.length);
  const exponents = new Map<string, Factor>();
  for (const factor of term.factors) {
    const before = exponents.get(factor.atom.key);
    exponents.set(
      factor.atom.key,
      before === undefined ? factor : { atom: factor.atom, exponent: q.add(before.exponent, factor.exponent) },
    );
  }
  let coefficient = term.coefficient;
  const factors: Factor[] = [];
  for (const { atom, exponent } of exponents.values()) {
    let rest = exponent;
    if (atom.prime !== undefined) {
      const whole = floor(exponent);
      if (whole !== 0n) coefficient = q.multiply(coefficient, q.powInteger(q.integer(atom.prime), whole));
      rest = q.add(exponent, q.integer(-whole));
    } else if (atom.key === I.key) {
      const turns = ((exponent.n % 4n) + 4n) % 4n;
      if (turns >= 2n) coefficient = q.negate(coefficient);
      rest = q.integer(turns % 2n);
    }
    if (!q.isZero(rest)) factors.push({ atom, exponent: rest });
  }
  factors.sort((a, b) => (a.atom.key < b.atom.key ? -1 : 1));
  return { coefficient, factors };
}

function floor(a: Rational): bigint {
  const whole = a.n / a.d;
  return a.n < 0n && whole * a.d !== a.n ? whole - 1n : whole;
}
