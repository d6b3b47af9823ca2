import type { Expression, FunctionName } from './expression.js';
import { FUNCTIONS, GREEK, INVERSES, NO_FACTORS } from './names.js';
import { NumberScanner } from './parse-number.js';
import { integer, rational } from './rational.js';
import { plusMinus, type Sign, signed } from './signs.js';

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

class Parser extends NumberScanner {
  private depth = 0;
  private openBars = 0;

  expectEnd(): void {
    this.skipSpaces();
    if (this.at < this.text.length) this.fail();
  }

  /** A sum, or TeX's old fraction `a \over b`. */
  sumOrOver(): Expression {
    const over = this.sum();
    return this.takeCommand('over') ? { kind: 'quotient', over, under: this.sum() } : over;
  }

  private sum(): Expression {
    if (++this.depth > MAX_DEPTH) this.fail();
    const terms: Expression[] = [];
    for (;;) {
      const sign = this.signs(terms.length === 0);
      if (sign === null) break;
      terms.push(signed(sign, this.product()));
    }
    this.depth--;
    return terms.length === 1 ? (terms[0] as Expression) : { kind: 'sum', terms };
  }

  /** The signs before a term, folded into one: '+', '-', or ± and ∓; null where no term follows. */
  private signs(first: boolean): Sign | null {
    let sign: Sign | null = first ? '+' : null;
    for (;;) {
      this.skipSpaces();
      if (this.take('+')) sign ??= '+';
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

  private signedPower(): Expression {
    this.skipSpaces();
    return this.take('-') ? { kind: 'negative', of: this.power() } : this.power();
  }

  private power(): Expression {
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
    return { kind: 'power', base, exponent: this.exponent() };
  }

  private exponent(): Expression {
    if (++this.depth > MAX_DEPTH) this.fail();
    this.skipSpaces();
    const negative = this.take('-');
    let exponent = isDigit(this.peek()) || this.peek() === '.' ? this.exponentNumber() : this.primary();
    if (this.take('^')) exponent = { kind: 'power', base: exponent, exponent: this.exponent() };
    this.depth--;
    return negative ? { kind: 'negative', of: exponent } : exponent;
  }

  /** Whether a number may follow without a sign: (n-2) 2^n is a product. */
  private followsBracket(): boolean {
    return isDigit(this.peek()) && this.text.slice(0, this.at).trimEnd().endsWith(')');
  }

  /** Whether a factor that is no number follows without a sign. */
  private startsFactor(): boolean {
    const char = this.peek();
    if (char === '|') return this.openBars === 0;
    if (char === '(' || char === '[' || char === '{' || isLetter(char)) return true;
    if (char !== '\\') return false;
    const command = this.peekCommand();
    return command !== '' && !NO_FACTORS.has(command);
  }

  private primary(): Expression {
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

  private closed(close: string): Expression {
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

  /** A run of letters: a name that plain text writes without a backslash, or one variable (the first letter). */
  private letters(): Expression {
    const run = this.peekLetters();
    const name = FUNCTIONS.get(run);
    if (run === 'sqrt') return this.skip(4).root();
    if (run === 'pi') return this.skip(2).symbol('pi');
    if (run === 'infinity' || run === 'inf') return this.skip(run.length).symbol('infinity');
    if (name !== undefined) return this.skip(run.length).applied(name);
    if (run.length > 3) this.fail(); // a word, not a product
    const letter = run.slice(0, 1);
    this.skip(1);
    if ((letter === 'f' || letter === 'g') && this.take('(')) {
      return { kind: 'call', name: letter, argument: this.closed(')') };
    }
    const symbol = this.symbol(letter);
    if (/^\( ?-?\d+ ?\)/.test(this.text.slice(this.at, this.at + 12))) this.fail(); // P(0) is no product
    return symbol;
  }

  private command(): Expression {
    const name = this.takeAnyCommand();
    const functionName = FUNCTIONS.get(name);
    if (functionName !== undefined) return this.applied(functionName);
    if (GREEK.has(name)) return this.symbol(`\\${name}`);
    switch (name) {
      case 'pi':
        return this.symbol('pi');
      case 'infty':
        return this.symbol('infinity');
      case 'frac':
        return { kind: 'quotient', over: this.argument(), under: this.argument() };
      case 'binom':
        return { kind: 'binomial', of: this.argument(), choose: this.argument() };
      case 'sqrt':
        return this.root();
      case 'surd':
        return { kind: 'power', base: this.primary(), exponent: HALF };
      case 'lfloor':
        return this.rounded('floor', 'rfloor');
      case 'lceil':
        return this.rounded('ceil', 'rceil');
      case 'text':
      case 'mathrm':
        return this.named();
      default:
        return this.fail();
    }
  }

  /** An argument of \frac and the like: a group in braces, or one digit, letter or command. */
  private argument(): Expression {
    this.skipSpaces();
    if (this.take('{')) return this.closed('}');
    return this.singleDigit() ?? (isLetter(this.peek()) ? this.singleLetter() : this.command());
  }

  private singleLetter(): Expression {
    const letter = this.peek();
    this.skip(1);
    return { kind: 'symbol', name: letter };
  }

  private root(): Expression {
    this.skipSpaces();
    const index = this.take('[') ? this.closed(']') : undefined;
    this.skipSpaces();
    const single = this.singleDigit();
    if (single !== null && isDigit(this.peek())) this.fail(); // √12 or √1·2?
    const base = single ?? (this.take('(') ? this.closed(')') : this.argument());
    return {
      kind: 'power',
      base,
      exponent: index === undefined ? HALF : { kind: 'quotient', over: ONE, under: index },
    };
  }

  private rounded(name: FunctionName, close: string): Expression {
    const argument = this.sum();
    this.skipSpaces();
    if (!this.takeCommand(close)) this.fail();
    return { kind: 'call', name, argument };
  }

  /** The content of \mathrm{…} or \text{…} inside an expression: mathematics in an upright font. */
  private named(): Expression {
    this.skipSpaces();
    if (!this.take('{')) this.fail();
    const run = this.peekLetters();
    const name = FUNCTIONS.get(run);
    if (name !== undefined && this.text[this.at + run.length] === '}') return this.skip(run.length + 1).applied(name);
    if (run.length > 1) this.fail();
    return this.closed('}');
  }

  private applied(name: FunctionName): Expression {
    this.skipSpaces();
    const base = name === 'log' && this.take('_') ? this.argument() : null;
    this.skipSpaces();
    const exponent = this.take('^') ? this.exponent() : null;
    const argument = this.functionArgument();
    const inverse = INVERSES.get(name);
    const isInverse = exponent !== null && isMinusOne(exponent) && inverse !== undefined;
    const call: Expression = { kind: 'call', name: isInverse ? inverse : base === null ? name : 'ln', argument };
    const value: Expression =
      base === null ? call : { kind: 'quotient', over: call, under: { kind: 'call', name: 'ln', argument: base } };
    return exponent === null || isInverse ? value : { kind: 'power', base: value, exponent };
  }

  private functionArgument(): Expression {
    if (++this.depth > MAX_DEPTH) this.fail();
    this.skipSpaces();
    let argument: Expression;
    if (this.take('(')) argument = this.closed(')');
    else {
      argument = this.signedPower();
      for (this.skipSpaces(); this.startsFactor() && !this.startsFunction(); this.skipSpaces()) {
        if (this.peek() === '(') this.fail(); // \sin x(y): is y inside?
        argument = { kind: 'product', factors: [argument, this.power()] };
      }
    }
    this.depth--;
    return argument;
  }

  private startsFunction(): boolean {
    return FUNCTIONS.has(this.peek() === '\\' ? this.peekCommand() : this.peekLetters());
  }

  private symbol(name: string): Expression {
    if (this.text.startsWith(' _', this.at)) this.skip(1);
    if (!this.take('_')) return { kind: 'symbol', name };
    const subscript = this.take('{') ? this.until('}') : this.takeCharacter();
    return { kind: 'symbol', name: `${name}_${subscript.replace(/\\(?:text|mathrm)\{?|[ {]/g, '')}` };
  }
}

function degrees(of: Expression): Expression {
  const turn: Expression = { kind: 'quotient', over: { kind: 'symbol', name: 'pi' }, under: number(180) };
  return { kind: 'product', factors: [of, turn] };
}

function isMinusOne(exponent: Expression): boolean {
  const inner = exponent.kind === 'negative' ? exponent.of : null;
  return inner?.kind === 'number' && inner.value.n === 1n && inner.value.d === 1n;
}

function number(value: number): Expression {
  return { kind: 'number', value: integer(value), decimals: 0 };
}

const ONE = number(1);
const HALF: Expression = { kind: 'number', value: rational(1n, 2n), decimals: 0 };

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z');
}
