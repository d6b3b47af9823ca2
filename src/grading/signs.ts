import { Undecidable } from './allowance.js';
import type { Expression } from './expression.js';

/** The signs before a term, folded into one. */
export type Sign = '+' | '-' | 'pm' | 'mp';

/** ± or ∓ after the signs before it.
 *  @throws Undecidable for a second one. */
export function plusMinus(before: Sign | null, sign: 'pm' | 'mp'): Sign {
  if (before === 'pm' || before === 'mp') throw new Undecidable('two of ± before one term');
  return before === '-' ? (sign === 'pm' ? 'mp' : 'pm') : sign;
}

/** A term with its sign. */
export function signed(sign: Sign, term: Expression): Expression {
  switch (sign) {
    case '+':
      return term;
    case '-':
      return { kind: 'negative', of: term };
    case 'pm':
    case 'mp':
      return { kind: 'product', factors: [{ kind: 'sign', flipped: sign === 'mp' }, term] };
  }
}
