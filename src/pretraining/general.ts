import type { Random } from '../random.js';
import { mark } from './columns.js';
import type { Problem } from './problem.js';

/** The general tasks: what arithmetic training is hoped to carry over to. Each shows its working in its own way. */

export type GeneralTask = keyof typeof GENERAL_TASKS;

/** Draws a random problem; `long` for longer lists and formulas, where answering at once goes wrong more often. */
export type Draw = (random: Random, long: boolean) => Problem;

export const GENERAL_TASKS = {
  boolean_expressions: drawBoolean,
  larger: drawLarger,
  max: drawMax,
  sort: drawSort,
  count: drawCount,
} as const satisfies Record<string, Draw>;
export const GENERAL_TASK_NAMES = Object.keys(GENERAL_TASKS) as readonly GeneralTask[];

const LETTERS = [...'abcdefghij'];

/** `not True and ( False ) is`, worded as in BIG-Bench Hard (Suzgun et al. 2022): worked as the value of each atom,
 *  `F&F`, then of each conjunction, `=F`. */
function drawBoolean(random: Random, long: boolean): Problem {
  const atoms = Array.from({ length: random.pick(long ? [2, 3, 3, 4] : [1, 2, 2, 3, 3, 3]) }, () => drawAtom(random));
  let text = '';
  let values = '';
  for (const [i, atom] of atoms.entries()) {
    const and = i > 0 && random.next() < 0.5;
    text += (i === 0 ? '' : and ? ' and ' : ' or ') + atom.text;
    values += (i === 0 ? '' : and ? '&' : '|') + letter(atom.value);
  }
  const conjunctions = values.split('|').map((conjunction) => !conjunction.includes('F'));
  const working = `${values}=${conjunctions.map(letter).join('|')}`;
  return problem(`${text} is`, working, conjunctions.includes(true) ? 'True' : 'False');
}

interface Formula {
  readonly text: string;
  readonly value: boolean;
}

/** A constant or a small formula in brackets, with `not` before it none to two times. */
function drawAtom(random: Random): Formula {
  const negations = random.pick([0, 0, 0, 1, 1, 2]);
  return negated(random.next() < 0.35 ? drawBracket(random) : drawConstant(random), negations);
}

function drawBracket(random: Random): Formula {
  const operand = () => negated(drawConstant(random), random.pick([0, 0, 1]));
  const left = operand();
  if (random.next() < 0.5) return { text: `( ${left.text} )`, value: left.value };
  const and = random.next() < 0.5;
  const right = operand();
  return {
    text: `( ${left.text}${and ? ' and ' : ' or '}${right.text} )`,
    value: and ? left.value && right.value : left.value || right.value,
  };
}

function drawConstant(random: Random): Formula {
  const value = random.next() < 0.5;
  return { text: value ? 'True' : 'False', value };
}

function negated(formula: Formula, times: number): Formula {
  return { text: 'not '.repeat(times) + formula.text, value: formula.value !== (times % 2 === 1) };
}

function letter(value: boolean): string {
  return value ? 'T' : 'F';
}

/** `larger: 452,431?`, worked from the highest place to the first that differs: `4₂~4₂5₁>3₁`. */
function drawLarger(random: Random): Problem {
  const length = random.integer(2, 5);
  const draw = () => String(random.integer(10 ** (length - 1), 10 ** length));
  const a = draw();
  const shared = random.next() < 0.5 ? random.integer(1, length) : 0; // leading digits in common
  const b = a.slice(0, shared) + draw().slice(shared);
  let working = '';
  for (let i = 0; i < length; i++) {
    const [x, y, place] = [a.charAt(i), b.charAt(i), mark(length - 1 - i)];
    working += x + place + (x === y ? '~' : x > y ? '>' : '<') + y + place;
    if (x !== y) break;
  }
  return problem(`larger: ${a},${b}?`, working, String(Math.max(Number(a), Number(b))));
}

/** `max: 12,45,37?`, worked as the largest so far: `12,45,45`. */
function drawMax(random: Random, long: boolean): Problem {
  const numbers = drawList(random, long ? [4, 5, 6, 7] : [3, 4, 5], () => random.integer(10, 100));
  const largest = numbers.map((_, i) => Math.max(...numbers.slice(0, i + 1)));
  return problem(`max: ${numbers.join(',')}?`, largest.join(','), String(largest.at(-1)));
}

/** `sort: dbca?`, worked by inserting a letter at a time: `d,bd,bcd,abcd`. */
function drawSort(random: Random, long: boolean): Problem {
  const letters = drawList(random, long ? [4, 5, 6, 7] : [3, 4, 5, 6], () => random.pick(LETTERS));
  const sorted = letters.map((_, i) =>
    letters
      .slice(0, i + 1)
      .sort()
      .join(''),
  );
  return problem(`sort: ${letters.join('')}?`, sorted.join(','), sorted.at(-1) ?? '');
}

/** `count a in abca?`, worked as each letter with the count so far: `a1b1c1a2`. */
function drawCount(random: Random, long: boolean): Problem {
  const wanted = random.pick(LETTERS);
  const letters = drawList(random, long ? [7, 8, 9, 10, 11] : [4, 5, 6, 7, 8], () =>
    random.next() < 1 / 3 ? wanted : random.pick(LETTERS),
  );
  let count = 0;
  const steps = letters.map((found) => {
    if (found === wanted) count++;
    return `${found}${count}`;
  });
  return problem(`count ${wanted} in ${letters.join('')}?`, steps.join(''), String(count));
}

function drawList<T>(random: Random, lengths: readonly number[], draw: () => T): T[] {
  return Array.from({ length: random.pick(lengths) }, draw);
}

function problem(question: string, working: string, answer: string): Problem {
  return { question, solution: { working, answer }, slipped: null };
}
