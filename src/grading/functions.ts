import { spend, Undecidable } from './allowance.js';
import type { FunctionName } from './expression.js';
import type { Fraction } from './fraction.js';
import * as f from './fraction.js';
import { gamma } from './gamma.js';
import * as p from './polynomial.js';
import { power, primeFactors } from './powers.js';
import * as q from './rational.js';

const MAX_FACTORIAL = 300n;

/** A function of a canonical argument: exact where a rule below knows the value, else an atom that is compared by
 *  its spelling and by numbers. */
export function applied(name: FunctionName, argument: Fraction): Fraction {
  switch (name) {
    case 'exp':
      return power(f.fromAtom({ key: 'e', at: () => Math.E, opaque: false, positive: true }), argument);
    case 'ln':
      return naturalLogarithm(argument);
    case 'log':
      return f.divide(naturalLogarithm(argument), naturalLogarithm(f.fromRational(q.integer(10))));
    case 'abs':
      return absolute(argument);
    case 'factorial':
      return factorial(argument);
    case 'floor':
    case 'ceil':
      return rounded(name, argument);
    case 'cis':
      return f.add(opaque('cos', argument), f.multiply(f.fromAtom(p.I), opaque('sin', argument)));
    case 'cot':
      return f.divide(opaque('cos', argument), opaque('sin', argument));
    case 'sec':
      return f.divide(f.fromPolynomial(p.ONE), opaque('cos', argument));
    case 'csc':
      return f.divide(f.fromPolynomial(p.ONE), opaque('sin', argument));
    default:
      return opaque(name, argument);
  }
}

const NUMERIC = {
  sin: Math.sin,
  cos: Math.cos,
  tan: (x: number) => (Math.abs(Math.cos(x)) < 1e-12 ? Number.NaN : Math.tan(x)),
  arcsin: Math.asin,
  arccos: Math.acos,
  arctan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  ln: (x: number) => (x > 0 ? Math.log(x) : Number.NaN),
  abs: Math.abs,
  factorial: (x: number) => gamma(x + 1),
  floor: Math.floor,
  ceil: Math.ceil,
  // unknown functions: any smooth curve without identities of its own
  f: (x: number) => Math.sin(1.7 * x + 0.4) + 0.31 * x * x + 2.9,
  g: (x: number) => Math.cos(2.3 * x + 1.1) - 0.17 * x * x + 3.7,
} satisfies Partial<Record<FunctionName, (x: number) => number>>;

function opaque(name: keyof typeof NUMERIC, argument: Fraction): Fraction {
  const evaluate: (x: number) => number = NUMERIC[name];
  return f.fromAtom({
    key: `${name}[${f.toKey(argument)}]`,
    at: (point) => evaluate(f.numericValue(argument, point)),
    opaque: true,
    positive: false,
  });
}

/** ln of a positive rational as a sum over its primes; ln e^k as k; others stay. */
function naturalLogarithm(argument: Fraction): Fraction {
  const value = f.rationalValue(argument);
  if (value !== null) {
    if (value.n <= 0n) throw new Undecidable('the logarithm of zero or less');
    const terms = [
      ...primeFactors(value.n).map(({ prime, count }) => logarithmTerm(prime, count)),
      ...primeFactors(value.d).map(({ prime, count }) => logarithmTerm(prime, -count)),
    ];
    return f.fromPolynomial(p.fromTerms(terms));
  }
  const term = argument.under.size === 1 ? p.singleTerm(argument.over) : null;
  const only = term?.factors.length === 1 ? term.factors[0] : undefined;
  if (term !== null && only?.atom.key === 'e' && q.equals(term.coefficient, q.ONE))
    return f.fromRational(only.exponent);
  if (term !== null && only?.atom.prime !== undefined) {
    const power = f.multiply(
      f.fromRational(only.exponent),
      naturalLogarithm(f.fromRational(q.integer(only.atom.prime))),
    );
    return f.add(naturalLogarithm(f.fromRational(term.coefficient)), power);
  }
  return opaque('ln', argument);
}

function logarithmTerm(prime: bigint, count: number): p.Term {
  const atom: p.Atom = { key: `ln${prime}`, at: () => Math.log(Number(prime)), opaque: false, positive: true };
  return { coefficient: q.integer(count), factors: [{ atom, exponent: q.ONE }] };
}

/** |x|; of a complex number with known parts, the root of the sum of their squares. */
function absolute(argument: Fraction): Fraction {
  const value = f.rationalValue(argument);
  if (value !== null) return f.fromRational(value.n < 0n ? q.negate(value) : value);
  const terms = [...argument.over.values()];
  const imaginary = terms.filter((term) => term.factors.some(({ atom }) => atom.key === p.I.key));
  if (imaginary.length === 0 || argument.under.size !== 1) return opaque('abs', argument);
  const parts = [
    terms.filter((term) => !imaginary.includes(term)),
    imaginary.map((term) => ({ ...term, factors: term.factors.filter(({ atom }) => atom.key !== p.I.key) })),
  ].map(p.fromTerms);
  const squares = parts.map((part) => p.multiply(part, part)).reduce(p.add);
  return power(f.fromPolynomial(squares), f.fromRational(q.rational(1n, 2n)));
}

function factorial(argument: Fraction): Fraction {
  const value = f.rationalValue(argument);
  if (value === null || !q.isInteger(value) || value.n > MAX_FACTORIAL) return opaque('factorial', argument);
  if (value.n < 0n) throw new Undecidable('the factorial of a negative number');
  spend(Number(value.n));
  let product = 1n;
  for (let i = 2n; i <= value.n; i++) product *= i;
  return f.fromRational(q.rational(product, 1n));
}

function rounded(name: 'floor' | 'ceil', argument: Fraction): Fraction {
  const value = f.rationalValue(argument);
  if (value === null) return opaque(name, argument);
  const down = value.n / value.d - (value.n < 0n && value.n % value.d !== 0n ? 1n : 0n);
  return f.fromRational(q.integer(name === 'floor' || q.isInteger(value) ? down : down + 1n));
}
