import type { Expression } from './expression.js';
import { NO_FACTORS } from './names.js';
import { CommandParser } from './parse-command.js';
import { integer } from './rational.js';
import { plusMinus, type Sign, signed } from './signs.js';
import { isDigit, isLetter } from './text-scanner.js';

/**
 * Recursive descent over a normalised answer, with no look-back: the time is linear in the length, the depth bounded.
 * Grammar: sum → product (± product)*;  product → power ((* | / | nothing) power)*;  power → primary !* (^ exponent)?.
 * Conventions: 1/2x is (1/2)x; a function without parentheses takes the product up to the next function
 * or slash; a number follows a bracket only without a sign ((n-2) 2^n, but x2 and 1 2 mean nothing).
 */

const MAX_DEPTH = 60;

/** The expression that the whole text spells.
 *  @throws Undecidable when it spells none. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text);
  const expression = parser.sumOrOver();
  parser.expectEnd();
  return expression;
}

class Parser extends CommandParser {
  private depth = 0;
  private openBars = 0;

  expectEnd(): void {
    this.skipSpaces();
    if (this.at < this.text.length) this.fail();
  }

  /** A sum, or TeX's old fraction `a \over b` and binomial `n \choose k`. */
  sumOrOver(): Expression {
    const over = this.sum();
    if (this.takeCommand('over')) return { kind: 'quotient', over, under: this.sum() };
    return this.takeCommand('choose') ? { kind: 'binomial', of: over, choose: this.sum() } : over;
  }

  protected sum(): Expression {
    return this.deeper(() => {
      const terms: Expression[] = [];
      for (;;) {
        const sign = this.signs(terms.length === 0);
        if (sign === null) return terms.length === 1 ? (terms[0] as Expression) : { kind: 'sum', terms };
        terms.push(signed(sign, this.product()));
      }
    });
  }

  protected deeper<T>(parse: () => T): T {
    if (++this.depth > MAX_DEPTH) this.fail();
    const result = parse();
    this.depth--;
    return result;
  }

  /** The signs before a term, folded into one: '+', '-', or ± and ∓; null where no term follows. */
  private signs(first: boolean): Sign | null {
    let sign: Sign | null = first ? '+' : null;
    for (;;) {
      this.skipSpaces();
      if (this.takeText('+/-')) sign = plusMinus(sign, 'pm');
      else if (this.take('+')) sign ??= '+';
      else if (this.take('-')) sign = sign === '-' ? '+' : sign === 'pm' ? 'mp' : sign === 'mp' ? 'pm' : '-';
      else if (this.takeCommand('pm')) sign = plusMinus(sign, 'pm');
      else if (this.takeCommand('mp')) sign = plusMinus(sign, 'mp');
      else return sign;
    }
  }

  private product(): Expression {
    let product = this.power();
    for (;;) {
      this.skipSpaces();
      if (this.take('*')) product = { kind: 'product', factors: [product, this.signedPower()] };
      else if (this.take('/')) product = { kind: 'quotient', over: product, under: this.signedPower() };
      else if (this.startsFactor() || this.followsBracket())
        product = { kind: 'product', factors: [product, this.power()] };
      else return product;
    }
  }

  protected signedPower(): Expression {
    this.skipSpaces();
    return this.take('-') ? { kind: 'negative', of: this.power() } : this.power();
  }

  protected power(): Expression {
    let base = this.primary();
    this.skipSpaces();
    if (this.take('!')) {
      if (this.peek() === '!') this.fail();
      base = { kind: 'call', name: 'factorial', argument: base };
    }
    return this.take('^') ? this.raised(base) : base;
  }

  private raised(base: Expression): Expression {
    this.skipSpaces();
    if (this.takeCommand('circ') || this.takeText('{\\circ}')) return degrees(base);
    const exponent = this.exponent();
    // v^2_0 is v_0^2
    const named = base.kind === 'symbol' && this.peek() === '_' ? this.symbol(base.name) : base;
    return { kind: 'power', base: named, exponent };
  }

  protected exponent(): Expression {
    return this.deeper(() => {
      this.skipSpaces();
      const negative = this.take('-');
      let exponent = isDigit(this.peek()) || this.peek() === '.' ? this.exponentNumber() : this.primary();
      if (this.take('^')) exponent = { kind: 'power', base: exponent, exponent: this.exponent() };
      return negative ? { kind: 'negative', of: exponent } : exponent;
    });
  }

  /** Whether a number may follow without a sign: (n-2) 2^n is a product. */
  private followsBracket(): boolean {
    return isDigit(this.peek()) && this.text.slice(0, this.at).trimEnd().endsWith(')');
  }

  protected startsFactor(): boolean {
    const char = this.peek();
    if (char === '|') return this.openBars === 0;
    if (char === '(' || char === '[' || char === '{' || isLetter(char)) return true;
    if (char !== '\\') return false;
    const command = this.peekCommand();
    return command !== '' && !NO_FACTORS.has(command);
  }

  protected primary(): Expression {
    this.skipSpaces();
    const char = this.peek();
    if (isDigit(char) || char === '.') return this.number();
    if (this.take('(')) return this.closed(')');
    if (this.take('[')) return this.closed(']');
    if (this.take('{')) return this.closed('}');
    if (this.take('|')) return this.bars();
    if (isLetter(char)) return this.letters();
    if (char === '\\') return this.command();
    return this.fail();
  }

  protected closed(close: string): Expression {
    const bars = this.openBars;
    this.openBars = 0;
    const inner = this.sumOrOver();
    this.openBars = bars;
    this.skipSpaces();
    if (!this.take(close)) this.fail();
    return inner;
  }

  private bars(): Expression {
    this.openBars++;
    const argument = this.sum();
    this.openBars--;
    this.skipSpaces();
    if (!this.take('|')) this.fail();
    return { kind: 'call', name: 'abs', argument };
  }
}

function degrees(of: Expression): Expression {
  const straight: Expression = { kind: 'number', value: integer(180), decimals: 0 };
  const unit: Expression = { kind: 'quotient', over: { kind: 'symbol', name: 'pi' }, under: straight };
  return { kind: 'product', factors: [of, unit] };
}
