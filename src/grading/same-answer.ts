import { spend } from './allowance.js';
import type { Answer } from './answer.js';
import { asInterval, assignment, assignments, sameRelation } from './relations.js';
import { readingsOf, type Scalar, sameQuantity } from './same-quantity.js';

/** Whether two parsed answers are the same. The conventions beyond mathematics: a list of solutions has no order and
 *  equals the set of them; x = 5 equals 5; x = 1, y = 2 equals (1, 2); an interval equals the relation that says it. */
export function sameAnswer(a: Answer, b: Answer): boolean {
  spend(10);
  return a.kind === b.kind ? sameKind(a, b) : sameMixed(a, b) || sameMixed(b, a);
}

function sameKind(a: Answer, b: Answer): boolean {
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    return a.values.length === 1 && b.values.length === 1
      ? sameQuantity(a, b)
      : sameItems(readingsOf(a), readingsOf(b), sameQuantity);
  }
  if (a.kind === 'phrase' && b.kind === 'phrase') return a.words === b.words;
  if (a.kind === 'numeral' && b.kind === 'numeral') return a.digits === b.digits && a.base === b.base;
  if (a.kind === 'relation' && b.kind === 'relation') return sameRelation(a, b, sameAnswer);
  if (a.kind === 'tuple' && b.kind === 'tuple') {
    return a.open === b.open && a.close === b.close && sameInOrder(a.items, b.items);
  }
  if (a.kind === 'matrix' && b.kind === 'matrix') {
    if (a.determinant !== b.determinant || a.rows.length !== b.rows.length) return false;
    return a.rows.every((row, index) => sameInOrder(row, b.rows[index] ?? []));
  }
  if (a.kind === 'ratio' && b.kind === 'ratio') return sameInOrder(a.items, b.items);
  if (a.kind === 'set' && b.kind === 'set') return sameItems(distinct(a.items), distinct(b.items), sameAnswer);
  if (a.kind === 'union' && b.kind === 'union') return sameItems(a.items, b.items, sameAnswer);
  if (a.kind === 'list' && b.kind === 'list') return sameList(a, b);
  return false;
}

type Of<K extends Answer['kind']> = Answer & { readonly kind: K };

function sameList(a: Of<'list'>, b: Of<'list'>): boolean {
  const left = flatten(a.items);
  const right = flatten(b.items);
  const pairs = [
    [left, right],
    [bareValues(left), right],
    [left, bareValues(right)],
  ] as const;
  return pairs.some(([first, second]) => sameItems(first, second, sameSolution));
}

/** One solution of a list: a name is not dropped from it alone, or x = 1, y = 2 would equal 2, 1. */
function sameSolution(a: Answer, b: Answer): boolean {
  return (a.kind === 'relation') === (b.kind === 'relation') && sameAnswer(a, b);
}

/** Answers of different kinds that may still say the same, with the less simple one first. */
function sameMixed(a: Answer, b: Answer): boolean {
  switch (a.kind) {
    case 'list':
      if (b.kind === 'scalar') return hasTwo(b) && sameItems(flatten(a.items), readingsOf(b), sameAnswer);
      if (b.kind === 'set') return sameItems(distinct(flatten(a.items)), distinct(b.items), sameAnswer);
      if (b.kind === 'relation') return sameList(a, { kind: 'list', items: [b] });
      return b.kind === 'tuple' && b.open === '(' && b.close === ')' && sameInOrder(assignments(a.items), b.items);
    case 'relation': {
      const value = assignment(a)?.value;
      if (value !== undefined && value.kind !== 'relation') return sameAnswer(value, b);
      const interval = asInterval(a);
      return interval !== null && b.kind === 'tuple' && sameAnswer(interval, b);
    }
    default:
      return false;
  }
}

/** Each ± in a list of solutions stands for two of them. */
function flatten(items: readonly Answer[]): readonly Answer[] {
  return items.flatMap((item): readonly Answer[] => {
    if (item.kind === 'scalar') return readingsOf(item);
    const named = item.kind === 'relation' ? assignment(item) : null;
    if (item.kind !== 'relation' || named?.value.kind !== 'scalar' || !hasTwo(named.value)) return [item];
    return readingsOf(named.value).map((value): Answer => ({ ...item, sides: [named.name, value] }));
  });
}

function hasTwo(scalar: Scalar): boolean {
  return scalar.values.length > 1;
}

/** The values of x = 1, x = 2 (or x = 1, 2); the list itself when it names several variables or none. */
function bareValues(items: readonly Answer[]): readonly Answer[] {
  const named = items.map((item) => (item.kind === 'relation' ? assignment(item) : null));
  const names = new Set(named.filter((item) => item !== null).map((item) => item.name.expression.name));
  if (names.size !== 1) return items;
  return items.map((item, index) => named[index]?.value ?? item);
}

function sameInOrder(a: readonly Answer[], b: readonly Answer[]): boolean {
  return a.length === b.length && a.every((item, index) => sameAnswer(item, b[index] as Answer));
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
