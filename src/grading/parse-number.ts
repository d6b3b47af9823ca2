import { spend, Undecidable } from './allowance.js';
import type { Expression } from './expression.js';
import { add, integer, multiply, negate, powInteger, type Rational, rational } from './rational.js';

const MAX_DIGITS = 600;
const MAX_EXPONENT = 600;

/** A place in a text, and the spellings of numbers: integers in groups of three, decimals, 1.5e3, and mixed numbers. */
export class NumberScanner {
  protected at = 0;
  constructor(protected readonly text: string) {}

  /** Ends the parse: the text from here on means nothing to us. */
  fail(): never {
    throw new Undecidable(`no meaning at character ${this.at}`);
  }

  /** A number at the current place. */
  protected number(): Expression {
    const value = this.scan(NUMBER);
    if (value.decimals > 0 || this.text[this.at - 1] === '.') return value;
    const part = this.mixedPart();
    return part === null ? value : { ...value, value: add(value.value, part) };
  }

  /** A number as an exponent: x^2\frac{1}{2} is a product, not a mixed number in the exponent. */
  protected exponentNumber(): Expression {
    return this.scan(PLAIN_NUMBER);
  }

  private scan(pattern: RegExp): Expression & { readonly kind: 'number' } {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return this.fail();
    const [whole, integral = '', fraction = '', exponent] = found;
    this.at += whole.length;
    const digits = integral.replaceAll(',', '') + fraction;
    if (digits.length > MAX_DIGITS || digits.length === 0) this.fail();
    const value = fraction === '' ? integer(BigInt(digits)) : rational(BigInt(digits), 10n ** BigInt(fraction.length));
    if (exponent !== undefined) {
      return { kind: 'number', value: multiply(value, this.powerOfTen(Number(exponent))), decimals: 0 };
    }
    const significant = digits.replace(/^0+/, '').length;
    return { kind: 'number', value, decimals: significant >= 12 ? fraction.length : 0 };
  }

  /** One digit, as TeX takes an argument without braces; null where there is none. */
  protected singleDigit(): Expression | null {
    const char = this.peek();
    if (char < '0' || char > '9') return null;
    this.at++;
    return { kind: 'number', value: integer(Number(char)), decimals: 0 };
  }

  /** The fraction that follows an integer in a mixed number, `1\frac{1}{2}` or `1 1/2`; null where none does. */
  private mixedPart(): Rational | null {
    MIXED.lastIndex = this.at;
    const found = MIXED.exec(this.text);
    if (found === null) return null;
    const over = BigInt(found[1] ?? found[3] ?? found[5] ?? 0);
    const under = BigInt(found[2] ?? found[4] ?? found[6] ?? 0);
    if (over >= under) this.fail(); // 3\frac{5}{2}: a sum or a product?
    this.at += found[0].length;
    return rational(over, under);
  }

  private powerOfTen(exponent: number): Rational {
    if (Math.abs(exponent) > MAX_EXPONENT) this.fail();
    return powInteger(integer(10), BigInt(exponent));
  }

  protected skipSpaces(): void {
    while (this.text[this.at] === ' ') this.at++;
  }
  protected skip(count: number): this {
    this.at += count;
    return this;
  }
  /** The current character; the empty string at the end. */
  protected peek(): string {
    return this.text[this.at] ?? '';
  }
  protected take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }
  protected takeText(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }
  protected takeCharacter(): string {
    const char = this.peek();
    if (!/^[A-Za-z0-9]$/.test(char)) this.fail();
    this.at++;
    return char;
  }
  /** The text up to `close`, which is passed. */
  protected until(close: string): string {
    const end = this.text.indexOf(close, this.at);
    if (end < 0) this.fail();
    const content = this.text.slice(this.at, end);
    this.at = end + 1;
    if (content.includes('{')) this.take(close); // x_{\text{max}}
    return content;
  }
  protected peekLetters(): string {
    spend(1);
    LETTERS.lastIndex = this.at;
    return LETTERS.exec(this.text)?.[0] ?? '';
  }
  /** The name of the command at the current backslash; empty for a backslash with a sign. */
  protected peekCommand(): string {
    LETTERS.lastIndex = this.at + 1;
    return LETTERS.exec(this.text)?.[0] ?? '';
  }
  protected takeCommand(name: string): boolean {
    if (this.peek() !== '\\' || this.peekCommand() !== name) return false;
    this.at += name.length + 1;
    return true;
  }
  protected takeAnyCommand(): string {
    if (this.peek() !== '\\') this.fail();
    const name = this.peekCommand();
    this.at += name.length + 1;
    return name;
  }
}

const LETTERS = /[a-zA-Z]{1,40}/y;
const NUMBER = /(\d{1,3}(?:,\d{3})+(?!\d)|\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,10})(?!\d))?/y;
const PLAIN_NUMBER = /(\d*)(?:\.(\d+))?/y;
const MIXED = / ?\\frac ?(?:\{ ?(\d{1,20}) ?\} ?\{ ?(\d{1,20}) ?\}|(\d)(\d)(?!\d))| (\d{1,20})\/(\d{1,20})(?![\d.])/y;

/** The value of a number or of a negated one; null for any other expression. */
export function literalValue(expression: Expression): { readonly value: Rational; readonly decimals: number } | null {
  if (expression.kind === 'number') return expression;
  if (expression.kind !== 'negative' || expression.of.kind !== 'number') return null;
  return { value: negate(expression.of.value), decimals: expression.of.decimals };
}
