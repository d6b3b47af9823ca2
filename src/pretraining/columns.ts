import { PLACE_MARKS } from './vocabulary.js';

/**
 * Written arithmetic, column by column from the right. One column of 98 + 45 reads `8₀5₀>13₀`: the digit of each
 * number, what is carried, and the digit of the result; so `8₀5₀>13₀9₁4₁>14₁` spells 143. A difference borrows where
 * a sum carries. A product's column has the one multiplying digit in second position.
 */
export interface Column {
  readonly top: number;
  readonly topPlace: number;
  readonly bottom: number;
  readonly bottomPlace: number;
  /** Carried to the next column, or borrowed from it. */
  readonly carry: number;
  readonly digit: number;
  /** Place of the result's digit. */
  readonly place: number;
}

/** Columns of `a` + `b`. */
export function sumColumns(a: number, b: number): Column[] {
  return columnwise(a, b, (top, bottom, carry) => top + bottom + carry);
}

/** Columns of `a` - `b`. Assumes a >= b. */
export function differenceColumns(a: number, b: number): Column[] {
  return columnwise(a, b, (top, bottom, borrow) => top - bottom - borrow);
}

/** Columns of `a` times one digit that stands at `shift`: the partial product is already in its place. */
export function productColumns(a: number, digit: number, shift = 0): Column[] {
  let carry = 0;
  return digitsOf(a).map((top, place) => {
    const value = top * digit + carry;
    carry = Math.floor(value / 10);
    return { top, topPlace: place, bottom: digit, bottomPlace: shift, carry, digit: value % 10, place: place + shift };
  });
}

/** The number that the result's digits and the last carry spell. */
export function spelled(columns: readonly Column[]): number {
  const last = columns.at(-1);
  const carried = last === undefined ? 0 : last.carry * 10 ** (last.place + 1);
  return columns.reduce((sum, column) => sum + column.digit * 10 ** column.place, carried);
}

/** The columns as text, each digit but the carry with the mark of its place. */
export function writeColumns(columns: readonly Column[]): string {
  return columns
    .map(({ top, topPlace, bottom, bottomPlace, carry, digit, place }) => {
      const read = `${top}${mark(topPlace)}${bottom}${mark(bottomPlace)}`;
      return `${read}>${carry}${digit}${mark(place)}`;
    })
    .join('');
}

/** The mark of a place; empty for places that the vocabulary leaves bare. */
export function mark(place: number): string {
  return PLACE_MARKS[place] ?? '';
}

function columnwise(a: number, b: number, combine: (top: number, bottom: number, carry: number) => number): Column[] {
  const tops = digitsOf(a);
  const bottoms = digitsOf(b);
  let carry = 0;
  return Array.from({ length: Math.max(tops.length, bottoms.length) }, (_, place) => {
    const top = tops[place] ?? 0;
    const bottom = bottoms[place] ?? 0;
    const value = combine(top, bottom, carry); // in [-10, 19]
    carry = value < 0 || value > 9 ? 1 : 0;
    return { top, topPlace: place, bottom, bottomPlace: place, carry, digit: (value + 10) % 10, place };
  });
}

/** Decimal digits, ones first. */
function digitsOf(value: number): number[] {
  return [...String(value)].reverse().map(Number);
}
