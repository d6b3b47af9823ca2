import { decideOr, spend } from './allowance.js';
import type { Answer, Scalar } from './answer.js';
import {
  type Assignment,
  asName,
  assignment,
  assignments,
  onlyFraction,
  statedValue,
  valuesByName,
} from './assignments.js';
import * as f from './fraction.js';
import { asInterval, asUnion, sameRelation } from './relations.js';
import { readingsOf, sameQuantity } from './same-quantity.js';

/** Whether two parsed answers are the same. The conventions beyond mathematics: a list of solutions has no order and
 *  equals the set of them; x = 5 equals 5; x = 1, y = 2 equals (1, 2); an interval equals the relation that says it; an
 *  option equals its letter and what it says; a column or a row equals the tuple of its entries. */
export function sameAnswer(a: Answer, b: Answer): boolean {
  spend(10);
  return a.kind === b.kind ? sameKind(a, b) : sameMixed(a, b) || sameMixed(b, a);
}

type Of<K extends Answer['kind']> = Answer & { readonly kind: K };

function sameKind(a: Answer, b: Answer): boolean {
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    return a.values.length === 1 && b.values.length === 1
      ? sameQuantity(a, b)
      : sameItems(readingsOf(a), readingsOf(b), sameQuantity);
  }
  if (a.kind === 'phrase' && b.kind === 'phrase') return a.words === b.words;
  if (a.kind === 'choice' && b.kind === 'choice') return a.letter === b.letter;
  if (a.kind === 'numeral' && b.kind === 'numeral') return a.digits === b.digits && a.base === b.base;
  if (a.kind === 'relation' && b.kind === 'relation') return sameRelation(a, b, sameAnswer);
  if (a.kind === 'tuple' && b.kind === 'tuple') {
    return a.open === b.open && a.close === b.close && sameInOrder(a.items, b.items);
  }
  if (a.kind === 'matrix' && b.kind === 'matrix') {
    if (a.determinant !== b.determinant || a.rows.length !== b.rows.length) return false;
    return a.rows.every((row, index) => sameInOrder(row, b.rows[index] ?? []));
  }
  if (a.kind === 'ratio' && b.kind === 'ratio') return sameRatio(a, b);
  if (a.kind === 'set' && b.kind === 'set')
    return sameItems(distinct(flatten(a.items)), distinct(flatten(b.items)), sameAnswer);
  if (a.kind === 'union' && b.kind === 'union') return sameItems(a.items, b.items, sameAnswer);
  if (a.kind === 'list' && b.kind === 'list') return sameList(a, b);
  return false;
}

/** Answers of different kinds that may still say the same, with the less simple one first. */
function sameMixed(a: Answer, b: Answer): boolean {
  switch (a.kind) {
    case 'choice': {
      const letter = b.kind === 'scalar' && b.unit === null ? asName(b) : null;
      return /^[A-J]$/.test(letter ?? '') ? a.letter === letter : a.content !== null && sameAnswer(a.content, b);
    }
    case 'list':
      if (b.kind === 'scalar')
        return b.values.length > 1 && sameItems(flatten(bareValues(a.items)), readingsOf(b), sameSolution);
      if (b.kind === 'set')
        return sameItems(distinct(flatten(bareValues(a.items))), distinct(flatten(b.items)), sameSolution);
      if (b.kind === 'relation') return sameMixed(b, a) || sameList(a, { kind: 'list', items: [b] });
      if (b.kind === 'union') return sameItems(unionItems(a.items), b.items, sameAnswer);
      return (
        b.kind === 'tuple' &&
        b.open === '(' &&
        b.close === ')' &&
        sameInOrder(valuesByName(assignments(a.items)), b.items)
      );
    case 'set':
      return (
        b.kind === 'scalar' && b.values.length > 1 && sameItems(distinct(flatten(a.items)), readingsOf(b), sameAnswer)
      );
    case 'relation': {
      const value = assignment(a)?.value ?? statedValue(a);
      if (value !== null && value.kind !== 'relation' && sameAnswer(value, b)) return true;
      const interval = asInterval(a);
      return interval !== null && (b.kind === 'tuple' || b.kind === 'union') && sameAnswer(interval, b);
    }
    case 'ratio':
      return b.kind === 'scalar' && b.unit === null && !a.clock && sameQuotient(a, b);
    case 'matrix':
      if (b.kind !== 'tuple') return false;
      return b.open === '(' && b.close === ')' ? sameInOrder(vectorOf(a), b.items) : sameRows(a, b);
    default:
      return false;
  }
}

function sameList(a: Of<'list'>, b: Of<'list'>): boolean {
  const [left, right] = [solutions(a.items), solutions(b.items)];
  const pairs = [
    [left, right],
    [bareValues(left), right],
    [left, bareValues(right)],
    ...(onlyName(left) === onlyName(right) ? [[bareValues(left), bareValues(right)] as const] : []),
  ] as const;
  if (pairs.some(([first, second]) => sameItems(first, second, sameSolution))) return true;
  return sameValues(assignments(left), right) || sameValues(assignments(right), left);
}

/** Whether the values of several variables, in the order of their names or as written, are those of a bare list. */
function sameValues(named: readonly Assignment[], bare: readonly Answer[]): boolean {
  if (bare.some(({ kind }) => kind === 'relation')) return false;
  return [valuesByName(named), named.map(({ value }) => value)].some((values) => sameInOrder(values, bare));
}

/** One solution of a list: a name is not dropped from it alone, or x = 1, y = 2 would equal 2, 1. */
function sameSolution(a: Answer, b: Answer): boolean {
  return (a.kind === 'relation') === (b.kind === 'relation') && sameAnswer(a, b);
}

/** The items of a list; points once each, while a number that is said twice may mean a double root. */
function solutions(items: readonly Answer[]): readonly Answer[] {
  return items.every(({ kind }) => kind === 'tuple') ? distinct(items) : flatten(items);
}

/** Each ± in a list of solutions stands for two of them. */
function flatten(items: readonly Answer[]): readonly Answer[] {
  return items.flatMap((item): readonly Answer[] => {
    if (item.kind === 'scalar') return readingsOf(item);
    const named = item.kind === 'relation' ? assignment(item) : null;
    if (named?.value.kind !== 'scalar' || named.value.values.length < 2) return [item];
    return readingsOf(named.value).map(
      (value): Answer => ({ kind: 'relation', operators: ['='], sides: [named.side, value] }),
    );
  });
}

/** The values of x = 1, x = 2 (or x = 1, 2, or x_1 = 1, x_2 = 2); the list itself when it names several variables or
 *  none. */
function bareValues(items: readonly Answer[]): readonly Answer[] {
  if (onlyName(items) === null) return items;
  return items.map((item) => (item.kind === 'relation' ? (assignment(item)?.value ?? item) : item));
}

/** The one name that a list of solutions is about; null where there are several or none. */
function onlyName(items: readonly Answer[]): string | null {
  const named = items.map((item) => (item.kind === 'relation' ? assignment(item) : null));
  const names = new Set(named.filter((item) => item !== null).map(({ name }) => name.replace(/_.*$/, '')));
  const [only, ...others] = names;
  return only === undefined || others.length > 0 ? null : only;
}

function unionItems(items: readonly Answer[]): readonly Answer[] {
  const union = asUnion(items);
  return union?.kind === 'union' ? union.items : [];
}

/** 3:4 is 6:8; of times of day each is only itself. */
function sameRatio(a: Of<'ratio'>, b: Of<'ratio'>): boolean {
  if (sameInOrder(a.items, b.items)) return true;
  const [left, right] = [a.items.map(onlyFraction), b.items.map(onlyFraction)];
  const [first, other] = [left[0], right[0]];
  if ((a.clock && b.clock) || left.length !== right.length || first == null || other == null) return false;
  return decideOr(false, () =>
    left.every((item, index) => {
      const twin = right[index];
      return item !== null && twin != null && f.equal(f.multiply(item, other), f.multiply(twin, first));
    }),
  );
}

function sameQuotient({ items }: Of<'ratio'>, scalar: Scalar): boolean {
  const [over, under, ...others] = items.map(onlyFraction);
  const value = onlyFraction(scalar);
  if (over == null || under == null || value === null || others.length > 0) return false;
  return decideOr(false, () => f.equal(f.divide(over, under), value));
}

/** The entries of a matrix of one column or one row; none of any other. */
function vectorOf({ rows, determinant }: Of<'matrix'>): readonly Answer[] {
  return !determinant && (rows.length === 1 || rows.every((row) => row.length === 1)) ? rows.flat() : [];
}

/** [[1,2],[3,4]]. */
function sameRows({ rows, determinant }: Of<'matrix'>, { items, open }: Of<'tuple'>): boolean {
  if (determinant || open !== '[' || rows.length !== items.length) return false;
  return rows.every((row, index) => {
    const other = items[index];
    return other?.kind === 'tuple' && other.open === '[' && other.close === ']' && sameInOrder(row, other.items);
  });
}

function sameInOrder(a: readonly Answer[], b: readonly Answer[]): boolean {
  return a.length > 0 && a.length === b.length && a.every((item, index) => sameAnswer(item, b[index] as Answer));
}

/** Whether the items can be paired off, in any order. */
function sameItems<T extends Answer>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  const free = [...b];
  return a.every((item) => {
    const found = free.findIndex((other) => same(item, other));
    if (found >= 0) free.splice(found, 1);
    return found >= 0;
  });
}

function distinct(items: readonly Answer[]): readonly Answer[] {
  const kept: Answer[] = [];
  for (const item of items) if (!kept.some((other) => sameAnswer(other, item))) kept.push(item);
  return kept;
}
