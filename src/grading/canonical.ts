import { spend, Undecidable } from './allowance.js';
import type { Expression } from './expression.js';
import type { Fraction } from './fraction.js';
import * as f from './fraction.js';
import { applied } from './functions.js';
import { I } from './polynomial.js';
import { power } from './powers.js';
import * as q from './rational.js';

/** The canonical form of an expression: equal forms are equal values. `sign` (1 or -1) is how ± is read.
 *  @throws Undecidable when it has no value (division by zero) or none within bounds. */
export function canonical(expression: Expression, sign: 1 | -1): Fraction {
  const walk = (e: Expression): Fraction => {
    spend(5);
    switch (e.kind) {
      case 'number':
        return f.fromRational(e.value);
      case 'symbol':
        return symbol(e.name);
      case 'sign':
        return f.fromRational(q.integer(e.flipped ? -sign : sign));
      case 'sum':
        return e.terms.map(walk).reduce(f.add);
      case 'product':
        return e.factors.map(walk).reduce(f.multiply);
      case 'negative':
        return f.negate(walk(e.of));
      case 'quotient':
        return f.divide(walk(e.over), walk(e.under));
      case 'power':
        return power(walk(e.base), walk(e.exponent));
      case 'call':
        return applied(e.name, walk(e.argument));
      case 'binomial':
        return binomial(walk(e.of), walk(e.choose));
    }
  };
  return walk(expression);
}

/** A variable, or π, e, i. Infinity is a symbol with no arithmetic of its own: no number equals it. */
function symbol(name: string): Fraction {
  switch (name) {
    case 'i':
      return f.fromAtom(I);
    case 'pi':
      return f.fromAtom({ key: 'pi', at: () => Math.PI, opaque: false, positive: true });
    case 'e':
      return f.fromAtom({ key: 'e', at: () => Math.E, opaque: false, positive: true });
    default:
      return f.fromAtom({ key: `$${name}`, at: (point) => point(name), opaque: false, positive: false });
  }
}

/** A binomial coefficient: its value, or by factorials where letters are in it. */
function binomial(of: Fraction, choose: Fraction): Fraction {
  const [n, k] = [f.rationalValue(of), f.rationalValue(choose)];
  if (n === null || k === null) {
    if (k !== null && q.isInteger(k) && k.n >= 0n && k.n <= MAX_FALLING) return fallingProduct(of, Number(k.n));
    const rest = f.add(of, f.negate(choose));
    return [choose, rest].reduce((over, part) => f.divide(over, applied('factorial', part)), applied('factorial', of));
  }
  if (!q.isInteger(n) || !q.isInteger(k) || n.n < 0n || k.n < 0n || n.n > 2000n || k.n > n.n)
    throw new Undecidable('a binomial coefficient without a value within bounds');
  let value = 1n;
  for (let i = 1n; i <= k.n; i++) value = (value * (n.n - k.n + i)) / i;
  spend(Number(k.n));
  return f.fromRational(q.rational(value, 1n));
}

const MAX_FALLING = 6n;

/** n(n-1)…(n-k+1) / k!. */
function fallingProduct(n: Fraction, count: number): Fraction {
  let product = f.fromRational(q.ONE);
  for (let i = 0; i < count; i++) {
    const factor = f.add(n, f.fromRational(q.integer(-i)));
    product = f.multiply(product, f.multiply(factor, f.fromRational(q.rational(1n, BigInt(i + 1)))));
  }
  return product;
}
