import type { Expression } from './expression.js';
import { add, divide, integer, multiply, negate, powInteger, type Rational, rational } from './rational.js';
import { TextScanner } from './text-scanner.js';

const MAX_DIGITS = 600;
const MAX_EXPONENT = 600;

/** The spellings of numbers: integers in groups of three, decimals with and without a period, 1.5e3, mixed numbers, 5
 *  million. */
export class NumberScanner extends TextScanner {
  /** A number at the current place. */
  protected number(): Expression {
    const repeating = this.repeating();
    if (repeating !== null) return repeating;
    const value = this.scan(NUMBER);
    const word = this.numberWord();
    if (word !== null) return { ...value, value: multiply(value.value, word) };
    if (value.decimals > 0 || this.text[this.at - 1] === '.') return value;
    const part = this.mixedPart();
    return part === null ? value : { ...value, value: add(value.value, part) };
  }

  /** A number as an exponent: x^2\frac{1}{2} is a product, not a mixed number in the exponent. */
  protected exponentNumber(): Expression {
    return this.scan(PLAIN_NUMBER);
  }

  /** 0.1\overline{6}, 0.(6) or 0.1666…, whose period is seen three times; null for any other number. */
  private repeating(): Expression | null {
    REPEATING.lastIndex = this.at;
    const found = REPEATING.exec(this.text);
    if (found === null) return null;
    const [whole, integral = '', fraction = '', barred, bracketed, dots] = found;
    const period = barred ?? bracketed ?? PERIOD.exec(fraction)?.[1];
    if (period === undefined) return dots === undefined ? null : this.fail(); // 3.14159… is no number
    this.at += whole.length;
    const start = dots === undefined ? fraction : fraction.slice(0, PERIOD.exec(fraction)?.index);
    const scale = 10n ** BigInt(start.length);
    const repeated = rational(BigInt(period), 10n ** BigInt(period.length) - 1n);
    const value = divide(add(integer(BigInt(`0${integral}${start}`)), repeated), integer(scale));
    return { kind: 'number', value, decimals: 0 };
  }

  private numberWord(): Rational | null {
    NUMBER_WORD.lastIndex = this.at;
    const found = NUMBER_WORD.exec(this.text);
    if (found === null) return null;
    this.at += found[0].length;
    return this.powerOfTen({ hundred: 2, thousand: 3, million: 6, billion: 9, trillion: 12 }[found[1] ?? ''] ?? 0);
  }

  private scan(pattern: RegExp): Expression & { readonly kind: 'number' } {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return this.fail();
    const [whole, integral = '', fraction = '', exponent] = found;
    this.at += whole.length;
    const digits = integral.replace(/[, ]/g, '') + fraction;
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
}

const REPEATING =
  /(\d*)\.(\d{0,60})(?:\\(?:overline|dot) ?\{ ?(\d{1,40}) ?\}|(?<=\.)\((\d{1,40})\)|(\.\.\.|\{?\\ldots\}?))/y;
/** The shortest tail that the end of a decimal repeats three times or more. */
const PERIOD = /(\d{1,12}?)\1\1+$/;
const NUMBER_WORD = / ?(?:\\text ?\{ ?)?(hundred|thousand|million|billion|trillion)(?![A-Za-z])(?: ?\})?/y;
const NUMBER =
  /(\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?: \d{3})+(?! ?[\d/])|\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,10})(?!\d))?/y;
const PLAIN_NUMBER = /(\d*)(?:\.(\d+))?/y;
const MIXED = / ?\\frac ?(?:\{ ?(\d{1,20}) ?\} ?\{ ?(\d{1,20}) ?\}|(\d)(\d)(?!\d))| (\d{1,20})\/(\d{1,20})(?![\d.])/y;

/** The value of a number or of a negated one; null for any other expression. */
export function literalValue(expression: Expression): { readonly value: Rational; readonly decimals: number } | null {
  if (expression.kind === 'number') return expression;
  if (expression.kind !== 'negative' || expression.of.kind !== 'number') return null;
  return { value: negate(expression.of.value), decimals: expression.of.decimals };
}
