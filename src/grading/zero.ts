import { stream, uniform } from '../random.js';
import { spend } from './allowance.js';
import { type Factor, hasOpaqueAtom, I, type Point, type Polynomial, type Term } from './polynomial.js';
import { toNumber } from './rational.js';

const POINT_COUNT = 12;
/** Points at which the sum must be defined and vanish. */
const NEEDED = 3;
/** Relative to the sum of the terms' sizes: doubles carry 16 digits, and identities here are a few operations deep. */
const TOLERANCE = 1e-11;

/** Whether a polynomial is zero: exactly where its atoms are independent, else by its value at fixed points, some of
 *  them negative. A sum that is undefined or out of range nearly everywhere is not called zero. */
export function isZero(polynomial: Polynomial): boolean {
  if (polynomial.size === 0) return true;
  if (!hasOpaqueAtom(polynomial)) return false;
  const terms = [...polynomial.values()];
  const imaginary = terms.filter((term) => term.factors.some(({ atom }) => atom.key === I.key));
  const real = terms.filter((term) => !imaginary.includes(term));
  return [real, imaginary].every((part) => part.length === 0 || vanishes(part));
}

function vanishes(terms: readonly Term[]): boolean {
  let defined = 0;
  for (let index = 0; index < POINT_COUNT; index++) {
    spend(20 * terms.length);
    const values = terms.map((term) => termValue(term, point(index)));
    const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
    if (!(size > 1e-100 && size < 1e100)) continue;
    if (Math.abs(values.reduce((sum, value) => sum + value, 0)) > TOLERANCE * size) return false;
    defined++;
  }
  return defined >= NEEDED;
}

function termValue(term: Term, at: Point): number {
  return term.factors.reduce((product, factor) => product * factorValue(factor, at), toNumber(term.coefficient));
}

/** A power of an atom; i counts as 1 here, its parts are summed apart. */
export function factorValue({ atom, exponent }: Factor, at: Point): number {
  return atom.key === I.key ? 1 : atom.at(at) ** toNumber(exponent);
}

/** Fixed values in ±[0.3, 2.3]: the first half of the points is positive, where roots and logarithms are defined. */
function point(index: number): Point {
  return (variable) => {
    const key = stream(index, 'equivalence', variable);
    const size = 0.3 + 2 * uniform(key, 0);
    return index >= POINT_COUNT / 2 && uniform(key, 1) < 0.5 ? -size : size;
  };
}

/** The value of a whole polynomial at a point; NaN when it is not real. */
export function polynomialValue(polynomial: Polynomial, at: Point): number {
  return measured(polynomial, at).value;
}

/** The value of a polynomial at one of the fixed points, and the sum of its terms' sizes there. */
export function probe(polynomial: Polynomial, index: number): { readonly value: number; readonly size: number } {
  return measured(polynomial, point(index));
}

function measured(polynomial: Polynomial, at: Point): { readonly value: number; readonly size: number } {
  let [value, size] = [0, 0];
  for (const { coefficient, factors } of polynomial.values()) {
    spend(1 + factors.length);
    const term = factors.reduce(
      (product, { atom, exponent }) => product * atom.at(at) ** toNumber(exponent),
      toNumber(coefficient),
    );
    value += term;
    size += Math.abs(term);
  }
  return { value, size };
}
