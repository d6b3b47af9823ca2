import type { Expression } from './expression.js';
import type { Unit } from './unit-names.js';
import type { Value } from './value.js';

/** What an answer is, read from its normalised text. */
export type Answer =
  /** Words, and names of things (\angle ABC, P(A)). */
  | { readonly kind: 'phrase'; readonly words: string }
  /** An option of a multiple-choice question, with what is written beside its letter: (B) 12 cm. */
  | { readonly kind: 'choice'; readonly letter: string; readonly content: Answer | null }
  | Scalar
  /** Solutions without an order: 1,2. */
  | { readonly kind: 'list'; readonly items: readonly Answer[] }
  | { readonly kind: 'set'; readonly items: readonly Answer[] }
  /** A tuple or an interval: which of the two, only the question knows. */
  | { readonly kind: 'tuple'; readonly open: string; readonly close: string; readonly items: readonly Answer[] }
  | { readonly kind: 'union'; readonly items: readonly Answer[] }
  | { readonly kind: 'matrix'; readonly determinant: boolean; readonly rows: readonly (readonly Answer[])[] }
  | { readonly kind: 'relation'; readonly sides: readonly Answer[]; readonly operators: readonly Operator[] }
  /** 3:4; `clock` where it may be a time of day, as 12:30. */
  | { readonly kind: 'ratio'; readonly items: readonly Answer[]; readonly clock: boolean }
  /** A number written in another base: 1011_2. */
  | { readonly kind: 'numeral'; readonly digits: string; readonly base: number };

export interface Scalar {
  readonly kind: 'scalar';
  readonly expression: Expression;
  /** One value, or both where the expression contains ±. */
  readonly values: readonly Value[];
  readonly unit: Unit | null;
}

export type Operator = '=' | '≠' | '<' | '≤' | '>' | '≥' | '≈';

/** Where in an answer a text stands. */
export interface Place {
  readonly depth: number;
  /** Inside brackets every comma separates; outside, 1,234 is one number. */
  readonly bracketed: boolean;
}

/** Reads a part of an answer, one level deeper. @throws Undecidable when it says nothing that we can read. */
export type Parse = (text: string) => Answer;

export const MAX_ITEMS = 64;
