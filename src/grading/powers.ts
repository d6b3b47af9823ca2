import { decideOr, spend, Undecidable } from './allowance.js';
import type { Fraction } from './fraction.js';
import * as f from './fraction.js';
import * as p from './polynomial.js';
import type { Rational } from './rational.js';
import * as q from './rational.js';
import { factorValue } from './zero.js';

/** base to the power of exponent, with exact roots of numbers: √8 is 2·√2, and √2·√3 is √6.
 *  Odd roots of negative numbers are the real ones, as in school. */
export function power(base: Fraction, exponent: Fraction): Fraction {
  const value = f.rationalValue(exponent);
  if (value === null) return symbolicPower(base, exponent);
  const exact = q.isInteger(value) ? integerPower(base, value.n) : rootPower(base, value);
  return exact ?? opaquePower(base, exponent);
}

/** Null where writing it out would go beyond the bounds; a power of zero without a value is undecidable. */
function integerPower(base: Fraction, exponent: bigint): Fraction | null {
  if (base.over.size === 0) {
    if (exponent <= 0n) throw new Undecidable('zero to the power of zero or less');
    return base;
  }
  return decideOr(null, () => f.powInteger(base, exponent));
}

function rootPower(base: Fraction, exponent: Rational): Fraction | null {
  if (base.over.size === 0) return exponent.n > 0n ? base : failZero();
  const term = p.singleTerm(base.over);
  if (term === null || base.under.size !== 1) return null;
  const variable = term.factors.length === 1 ? term.factors[0] : undefined;
  const lone =
    variable !== undefined && q.equals(variable.exponent, q.ONE) && !variable.atom.opaque && variable.atom !== p.I;
  if (!lone && !term.factors.every(({ atom }) => atom.positive)) return null;
  if (lone && !variable.atom.positive && term.coefficient.n < 0n) return null;
  const factors = term.factors.map((factor) => ({
    atom: factor.atom,
    exponent: q.multiply(factor.exponent, exponent),
  }));
  const rest = p.fromTerms([{ coefficient: q.ONE, factors }]);
  return f.fromPolynomial(p.multiply(rationalPower(term.coefficient, exponent), rest));
}

function failZero(): never {
  throw new Undecidable('zero to the power of zero or less');
}

/** A rational number to a power that is no integer, as a product of roots of primes. */
function rationalPower(base: Rational, exponent: Rational): p.Polynomial {
  const roots = [...primeFactors(base.n), ...primeFactors(base.d).map((prime) => ({ ...prime, count: -prime.count }))];
  const factors = roots.map(({ prime, count }) => ({
    atom: primeAtom(prime),
    exponent: q.multiply(q.integer(count), exponent),
  }));
  const positive = p.fromTerms([{ coefficient: q.ONE, factors }]);
  if (base.n > 0n) return positive;
  if (exponent.d % 2n === 1n) return p.scale(positive, q.integer(exponent.n % 2n === 0n ? 1 : -1));
  if (exponent.d === 2n) return p.multiply(positive, p.fromAtom(p.I, q.integer(exponent.n)));
  throw new Undecidable('an even root of a negative number');
}

function primeAtom(prime: bigint): p.Atom {
  return { key: `#${prime}`, at: () => Number(prime), opaque: false, positive: true, prime };
}

export interface PrimePower {
  readonly prime: bigint;
  readonly count: number;
}

const TRIAL_LIMIT = 2000;

/** The prime factors of |n| below a small bound, then what is left, taken out of a perfect power where it is one.
 *  What is left may be composite: then a root that could be simplified is not, and an equality may be missed. */
export function primeFactors(n: bigint): readonly PrimePower[] {
  let rest = n < 0n ? -n : n;
  const found: PrimePower[] = [];
  for (let divisor = 2; divisor < TRIAL_LIMIT && rest > 1n; divisor += divisor === 2 ? 1 : 2) {
    const prime = BigInt(divisor);
    if (prime * prime > rest) break;
    if (divisor % 64 === 1) spend(8);
    let count = 0;
    for (; rest % prime === 0n; count++) rest /= prime;
    if (count > 0) found.push({ prime, count });
  }
  if (rest > 1n) found.push(perfectPower(rest));
  return found;
}

function perfectPower(n: bigint): PrimePower {
  for (const count of [2, 3, 5]) {
    const root = integerRoot(n, count);
    if (root ** BigInt(count) === n) {
      const inner = perfectPower(root);
      return { prime: inner.prime, count: inner.count * count };
    }
  }
  return { prime: n, count: 1 };
}

/** The largest integer whose power is at most n, by Newton's method from above. */
function integerRoot(n: bigint, degree: number): bigint {
  const k = BigInt(degree);
  let root = 1n << BigInt(Math.ceil((n.toString(2).length + degree - 1) / degree));
  for (;;) {
    spend(5);
    const next = ((k - 1n) * root + n / root ** (k - 1n)) / k;
    if (next >= root) return root;
    root = next;
  }
}

/** A power with letters or irrational numbers above: a^(2x+1) is a·(a^x)², for positive a and for variables. */
function symbolicPower(base: Fraction, exponent: Fraction): Fraction {
  const term = p.singleTerm(base.over);
  if (term === null || base.under.size !== 1 || exponent.under.size !== 1) return opaquePower(base, exponent);
  const turned = turn(term, exponent.over);
  if (turned !== null) return turned;
  const variable = term.factors[0];
  const lone =
    term.factors.length === 1 &&
    variable !== undefined &&
    q.equals(term.coefficient, q.ONE) &&
    q.equals(variable.exponent, q.ONE);
  const positive = term.coefficient.n > 0n && term.factors.every(({ atom }) => atom.positive);
  if (!(lone && !variable.atom.opaque && variable.atom !== p.I) && !positive) return opaquePower(base, exponent);
  const primes = [
    ...primeFactors(term.coefficient.n).map(({ prime, count }) => ({
      atom: primeAtom(prime),
      exponent: q.integer(count),
    })),
    ...primeFactors(term.coefficient.d).map(({ prime, count }) => ({
      atom: primeAtom(prime),
      exponent: q.integer(-count),
    })),
  ];
  const factors: p.Factor[] = [];
  for (const above of exponent.over.values()) {
    for (const below of [...primes, ...term.factors]) {
      factors.push({ atom: exponential(below.atom, above), exponent: q.multiply(below.exponent, above.coefficient) });
    }
  }
  return f.fromPolynomial(p.fromTerms([{ coefficient: q.ONE, factors }]));
}

function exponential(base: p.Atom, above: p.Term): p.Atom {
  if (above.factors.length === 0) return base;
  return {
    key: `${base.key}^[${p.factorsKey(above.factors)}]`,
    at: (point) => base.at(point) ** above.factors.reduce((product, factor) => product * factorValue(factor, point), 1),
    opaque: above.factors.some(({ atom }) => atom.opaque || atom.key === p.I.key),
    positive: base.positive,
  };
}

/** e^(iπk) for a rational k, and e^(k ln p) for a prime p; null for anything else. */
function turn(base: p.Term, exponent: p.Polynomial): Fraction | null {
  const above = p.singleTerm(exponent);
  if (above === null || p.factorsKey(base.factors) !== 'e^1' || !q.equals(base.coefficient, q.ONE)) return null;
  const logarithm = /^ln(\d+)\^1$/.exec(p.factorsKey(above.factors))?.[1];
  if (logarithm !== undefined)
    return power(f.fromRational(q.integer(BigInt(logarithm))), f.fromRational(above.coefficient));
  if (p.factorsKey(above.factors) !== 'i^1·pi^1') return null;
  const quarters = q.multiply(above.coefficient, q.integer(2));
  if (q.isInteger(quarters)) return f.fromPolynomial(p.fromAtom(p.I, quarters));
  const angle = Math.PI * q.toNumber(above.coefficient);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)].map((value, index) =>
    f.fromAtom({ key: `turn${index}[${q.toKey(above.coefficient)}]`, at: () => value, opaque: true, positive: false }),
  ) as [Fraction, Fraction];
  return f.add(cosine, f.multiply(f.fromAtom(p.I), sine));
}

function opaquePower(base: Fraction, exponent: Fraction): Fraction {
  return f.fromAtom({
    key: `pow[${f.toKey(base)};${f.toKey(exponent)}]`,
    at: (point) => realPower(f.numericValue(base, point), exponent, point),
    opaque: true,
    positive: false,
  });
}

/** A power as a real number; odd roots of negative numbers are the real ones. */
function realPower(base: number, exponent: Fraction, point: p.Point): number {
  const value = f.rationalValue(exponent);
  if (!(base < 0) || value === null || value.d % 2n === 0n) return base ** f.numericValue(exponent, point);
  const size = (-base) ** q.toNumber(value);
  return value.n % 2n === 0n ? size : -size;
}
