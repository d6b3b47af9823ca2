import { Undecidable } from './allowance.js';
import type { Polynomial } from './polynomial.js';
import * as p from './polynomial.js';
import type { Rational } from './rational.js';
import * as q from './rational.js';
import { isZero, polynomialValue } from './zero.js';

/** A quotient of polynomials; the denominator is one wherever it had a single term. */
export interface Fraction {
  readonly over: Polynomial;
  readonly under: Polynomial;
}

const MAX_EXPANDED_POWER = 16n;

export function fromPolynomial(over: Polynomial): Fraction {
  return { over, under: p.ONE };
}
export function fromRational(value: Rational): Fraction {
  return fromPolynomial(p.constant(value));
}
export function fromAtom(atom: p.Atom): Fraction {
  return fromPolynomial(p.fromAtom(atom));
}

export function add(a: Fraction, b: Fraction): Fraction {
  if (p.toKey(a.under) === p.toKey(b.under)) return { over: p.add(a.over, b.over), under: a.under };
  return fraction(p.add(p.multiply(a.over, b.under), p.multiply(b.over, a.under)), p.multiply(a.under, b.under));
}

export function negate(a: Fraction): Fraction {
  return { over: p.scale(a.over, q.integer(-1)), under: a.under };
}

export function multiply(a: Fraction, b: Fraction): Fraction {
  return fraction(p.multiply(a.over, b.over), p.multiply(a.under, b.under));
}

/** @throws Undecidable when b is zero. */
export function divide(a: Fraction, b: Fraction): Fraction {
  return fraction(p.multiply(a.over, b.under), p.multiply(a.under, b.over));
}

/** a to the power of an integer; null where that would have too many terms to be written out. */
export function powInteger(a: Fraction, exponent: bigint): Fraction | null {
  if (exponent < 0n) {
    const inverse = powInteger(a, -exponent);
    return inverse === null ? null : divide(fromPolynomial(p.ONE), inverse);
  }
  const over = powPolynomial(a.over, exponent);
  const under = powPolynomial(a.under, exponent);
  return over === null || under === null ? null : { over, under };
}

/** Whether both have the same value wherever they have one. */
export function equal(a: Fraction, b: Fraction): boolean {
  return isZero(p.subtract(p.multiply(a.over, b.under), p.multiply(b.over, a.under)));
}

/** The value of a fraction that is a rational number; null for any other. */
export function rationalValue(a: Fraction): Rational | null {
  const over = p.constantValue(a.over);
  const under = p.constantValue(a.under);
  return over === null || under === null ? null : q.divide(over, under);
}

export function toKey(a: Fraction): string {
  return `(${p.toKey(a.over)})/(${p.toKey(a.under)})`;
}

export function numericValue(a: Fraction, at: p.Point): number {
  return polynomialValue(a.over, at) / polynomialValue(a.under, at);
}

function fraction(over: Polynomial, under: Polynomial): Fraction {
  if (isZero(under)) throw new Undecidable('division by zero');
  const term = p.singleTerm(under);
  if (term === null) return { over, under };
  const inverse = p.fromTerms([
    {
      coefficient: q.divide(q.ONE, term.coefficient),
      factors: term.factors.map(({ atom, exponent }) => ({ atom, exponent: q.negate(exponent) })),
    },
  ]);
  return { over: p.multiply(over, inverse), under: p.ONE };
}

function powPolynomial(a: Polynomial, exponent: bigint): Polynomial | null {
  if (a.size === 0) {
    if (exponent === 0n) throw new Undecidable('zero to the power of zero');
    return a;
  }
  const term = p.singleTerm(a);
  if (term !== null) {
    const power = q.integer(exponent);
    return p.fromTerms([
      {
        coefficient: q.powInteger(term.coefficient, exponent),
        factors: term.factors.map((factor) => ({ atom: factor.atom, exponent: q.multiply(factor.exponent, power) })),
      },
    ]);
  }
  if (exponent > MAX_EXPANDED_POWER) return null;
  let product = p.ONE;
  for (let i = 0n; i < exponent; i++) product = p.multiply(product, a);
  return product;
}
