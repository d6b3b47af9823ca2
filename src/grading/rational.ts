import { spend, Undecidable } from './allowance.js';

/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

/** Larger numerators and denominators (about 600 digits) are given up: 9^9^9 is never worked out. */
const BIT_LIMIT = 2048;
const SIZE_LIMIT = 1n << BigInt(BIT_LIMIT);
const SMALL = BigInt(Number.MAX_SAFE_INTEGER);

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };

export function integer(value: bigint | number): Rational {
  return { n: BigInt(value), d: 1n };
}

/** n / d in lowest terms.
 *  @throws Undecidable when d is zero or the result is beyond the size limit. */
export function rational(n: bigint, d: bigint): Rational {
  if (d === 0n) throw new Undecidable('division by zero');
  if (d === 1n) return bounded(n, d);
  const divisor = gcd(n < 0n ? -n : n, d < 0n ? -d : d);
  const sign = d < 0n ? -1n : 1n;
  return bounded((sign * n) / divisor, (sign * d) / divisor);
}

export function add(a: Rational, b: Rational): Rational {
  return a.d === b.d ? rational(a.n + b.n, a.d) : rational(a.n * b.d + b.n * a.d, a.d * b.d);
}

export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d };
}

export function absolute(a: Rational): Rational {
  return a.n < 0n ? negate(a) : a;
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.n * b.n, a.d * b.d);
}

export function divide(a: Rational, b: Rational): Rational {
  return rational(a.n * b.d, a.d * b.n);
}

/** a to the power of an integer; 0^0 and 0^-n have no value. */
export function powInteger(a: Rational, exponent: bigint): Rational {
  if (a.n === 0n && exponent <= 0n) throw new Undecidable('zero to the power of zero or less');
  const size = exponent < 0n ? -exponent : exponent;
  const unit = (a.n === 1n || a.n === -1n) && a.d === 1n;
  if (unit) return a.n === 1n || size % 2n === 0n ? ONE : a;
  if (a.n === 0n) return ZERO;
  if (size > BigInt(BIT_LIMIT) || size * BigInt(Math.max(bitLength(a.n), bitLength(a.d)) - 1) > BigInt(BIT_LIMIT)) {
    throw new Undecidable('a power beyond the size limit');
  }
  spend(Number(size) / 16);
  return exponent < 0n ? rational(a.d ** size, a.n ** size) : rational(a.n ** size, a.d ** size);
}

export function isZero(a: Rational): boolean {
  return a.n === 0n;
}
export function isInteger(a: Rational): boolean {
  return a.d === 1n;
}
export function equals(a: Rational, b: Rational): boolean {
  return a.n === b.n && a.d === b.d;
}
export function compare(a: Rational, b: Rational): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The nearest double, also where numerator and denominator alone are beyond doubles. */
export function toNumber(a: Rational): number {
  const shift = Math.max(bitLength(a.n), bitLength(a.d)) - 1000;
  if (shift <= 0) return Number(a.n) / Number(a.d);
  return Number(a.n >> BigInt(shift)) / Number(a.d >> BigInt(shift));
}

export function toKey(a: Rational): string {
  return a.d === 1n ? String(a.n) : `${a.n}/${a.d}`;
}

function bounded(n: bigint, d: bigint): Rational {
  if (n > SIZE_LIMIT || n < -SIZE_LIMIT || d > SIZE_LIMIT) throw new Undecidable('a number beyond the size limit');
  return { n, d };
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b;
  while (y !== 0n && (x > SMALL || y > SMALL)) {
    spend(2);
    [x, y] = [y, x % y];
  }
  let small = Number(x);
  let rest = Number(y);
  if (rest === 0) return x === 0n ? 1n : x;
  while (rest !== 0) [small, rest] = [rest, small % rest];
  return BigInt(small);
}

function bitLength(a: bigint): number {
  return (a < 0n ? -a : a).toString(16).length * 4;
}
