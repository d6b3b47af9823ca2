import type { Rational } from './rational.js';

/** A scalar mathematical expression, as written: nothing is simplified yet. A number's `decimals` are its digits after
 *  the point where it has twelve significant digits or more (it may then stand for a value it rounds), else 0. */
export type Expression =
  | { readonly kind: 'number'; readonly value: Rational; readonly decimals: number }
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'sum'; readonly terms: readonly Expression[] }
  | { readonly kind: 'product'; readonly factors: readonly Expression[] }
  | { readonly kind: 'negative'; readonly of: Expression }
  | { readonly kind: 'quotient'; readonly over: Expression; readonly under: Expression }
  | { readonly kind: 'power'; readonly base: Expression; readonly exponent: Expression }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly argument: Expression }
  | { readonly kind: 'binomial'; readonly of: Expression; readonly choose: Expression }
  /** The sign of ±, or of ∓ where `flipped`: +1 in the first reading of the expression, -1 in the second. */
  | { readonly kind: 'sign'; readonly flipped: boolean };

/** Functions of one argument. `f` and `g` are the unknown functions of a question. */
export type FunctionName =
  | 'sin'
  | 'cos'
  | 'tan'
  | 'cot'
  | 'sec'
  | 'csc'
  | 'arcsin'
  | 'arccos'
  | 'arctan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'ln'
  | 'log'
  | 'exp'
  | 'abs'
  | 'floor'
  | 'ceil'
  | 'factorial'
  /** cos x + i sin x. */
  | 'cis'
  | 'f'
  | 'g';

/** Whether the expression contains ±, and so stands for two values. */
export function hasSign(expression: Expression): boolean {
  switch (expression.kind) {
    case 'sign':
      return true;
    case 'number':
    case 'symbol':
      return false;
    case 'sum':
      return expression.terms.some(hasSign);
    case 'product':
      return expression.factors.some(hasSign);
    case 'negative':
      return hasSign(expression.of);
    case 'quotient':
      return hasSign(expression.over) || hasSign(expression.under);
    case 'power':
      return hasSign(expression.base) || hasSign(expression.exponent);
    case 'call':
      return hasSign(expression.argument);
    case 'binomial':
      return hasSign(expression.of) || hasSign(expression.choose);
  }
}
