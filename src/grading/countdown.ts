/**
 * The game of Countdown: an answer is right when its expression uses each number exactly once and comes to the target.
 * The expression is model output: it is read by the grammar below, in exact fractions, and never run.
 *
 *     sum     = product (("+" | "-") product)*
 *     product = factor (("*" | "×" | "/" | "÷") factor)*
 *     factor  = number | "(" sum ")"
 */

/** An exact value; `under` is not 0. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

/** Longer than any expression of eight numbers in all the parentheses that it could need. */
const MAX_LENGTH = 400;

/** The reference of an item as text: `[96, 7, 37, 74] = 55`. */
export const countdownGold = (numbers: readonly number[], target: number): string =>
  `[${numbers.join(', ')}] = ${target}`;

/** Whether `answer` makes the target of `gold` out of its numbers, each used once. "= 55" at its end may repeat the target. */
export function makesTarget(gold: string, answer: string): boolean {
  const [, list = '', target = ''] = /^\[(.*)\] = (-?\d+)$/.exec(gold) ?? [];
  if (target === '' || answer.length > MAX_LENGTH) return false;
  const [expression = '', stated, ...more] = plain(answer).split('=');
  if (more.length > 0 || (stated !== undefined && stated !== target)) return false;
  const used: string[] = [];
  const value = evaluate(expression, used);
  if (value === null || value.over !== BigInt(target) * value.under) return false;
  const sorted = (numbers: readonly string[]): string => [...numbers].sort().join(' ');
  return sorted(used) === sorted(list.split(', '));
}

/** The expression without spaces, in ASCII operators. */
function plain(answer: string): string {
  return answer
    .replace(/\\(?:times|cdot)(?![a-z])|[×·∗]/g, '*')
    .replace(/\\div(?![a-z])|÷/g, '/')
    .replace(/[−–]/g, '-')
    .replace(/\\(?:left|right)(?![a-z])|[\s$]/g, '');
}

/** The value of an expression, and the numbers it is made of; null where it is none. */
function evaluate(text: string, used: string[]): Fraction | null {
  let at = 0;
  const sum = (): Fraction | null => chain(product, '+', '-');
  const product = (): Fraction | null => chain(factor, '*', '/');
  const factor = (): Fraction | null => {
    if (text[at] === '(') {
      at++;
      const inner = sum();
      return inner !== null && text[at++] === ')' ? inner : null;
    }
    const digits = /^\d+/.exec(text.slice(at))?.[0];
    if (digits === undefined) return null;
    at += digits.length;
    used.push(String(BigInt(digits)));
    return { over: BigInt(digits), under: 1n };
  };
  const chain = (part: () => Fraction | null, first: '+' | '*', second: '-' | '/'): Fraction | null => {
    let value = part();
    while (value !== null && (text[at] === first || text[at] === second)) {
      const operator = text[at++] as '+' | '-' | '*' | '/';
      const right = part();
      value = right === null ? null : applied(value, operator, right);
    }
    return value;
  };
  const value = sum();
  return at === text.length ? value : null;
}

/** Null for a division by nothing. */
function applied(left: Fraction, operator: '+' | '-' | '*' | '/', right: Fraction): Fraction | null {
  switch (operator) {
    case '+':
      return { over: left.over * right.under + right.over * left.under, under: left.under * right.under };
    case '-':
      return { over: left.over * right.under - right.over * left.under, under: left.under * right.under };
    case '*':
      return { over: left.over * right.over, under: left.under * right.under };
    case '/':
      return right.over === 0n ? null : { over: left.over * right.under, under: left.under * right.over };
  }
}
