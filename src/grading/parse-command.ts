import type { Expression, FunctionName } from './expression.js';
import { FUNCTIONS, INVERSES, SYMBOLS } from './names.js';
import { NumberScanner } from './parse-number.js';
import { integer, rational } from './rational.js';
import { isDigit, isLetter } from './text-scanner.js';

/** Commands, functions and names inside an expression; sums and products are for the class that extends this. */
export abstract class CommandParser extends NumberScanner {
  /** A sum up to the next sign that is no part of one. */
  protected abstract sum(): Expression;
  protected abstract signedPower(): Expression;
  protected abstract power(): Expression;
  protected abstract primary(): Expression;
  protected abstract exponent(): Expression;
  /** What stands before a closing bracket, which is passed. */
  protected abstract closed(close: string): Expression;
  /** Whether a factor that is no number follows without a sign. */
  protected abstract startsFactor(): boolean;
  /** What `parse` returns, one level deeper. */
  protected abstract deeper<T>(parse: () => T): T;

  protected command(): Expression {
    const name = this.takeAnyCommand();
    const functionName = FUNCTIONS.get(name);
    if (functionName !== undefined) return this.applied(functionName);
    if (SYMBOLS.has(name)) return this.symbol(`\\${name}`);
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
        return this.plainRoot();
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

  /** A run of letters: a name that plain text writes without a backslash, or one variable (the first letter). */
  protected letters(): Expression {
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
    const plain = !isDigit(this.peek()) || index !== undefined ? null : this.rootOfDigits();
    const base = plain ?? (this.take('(') ? this.closed(')') : this.argument());
    return {
      kind: 'power',
      base,
      exponent: index === undefined ? HALF : { kind: 'quotient', over: ONE, under: index },
    };
  }

  /** √12 has the whole number below it. */
  private plainRoot(): Expression {
    this.skipSpaces();
    const base = isDigit(this.peek()) ? this.exponentNumber() : this.primary();
    return { kind: 'power', base, exponent: HALF };
  }

  /** In \sqrt12 TeX takes only the 1, and people mean 12: that is left open, but \sqrt2 is plain. */
  private rootOfDigits(): Expression | null {
    const single = this.singleDigit();
    if (single !== null && isDigit(this.peek())) this.fail();
    return single;
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
    return this.deeper(() => {
      this.skipSpaces();
      if (this.take('(')) return this.closed(')');
      let argument = this.signedPower();
      for (this.skipSpaces(); this.startsFactor() && !this.startsFunction(); this.skipSpaces()) {
        if (this.peek() === '(') this.fail(); // \sin x(y): is y inside?
        argument = { kind: 'product', factors: [argument, this.power()] };
      }
      return argument;
    });
  }

  private startsFunction(): boolean {
    return FUNCTIONS.has(this.peek() === '\\' ? this.peekCommand() : this.peekLetters());
  }

  /** A symbol with its subscript and its primes. */
  protected symbol(name: string): Expression {
    let full = name;
    if (this.text.startsWith(' _', this.at)) this.skip(1);
    if (this.take('_')) {
      const subscript = this.take('{') ? this.until('}') : this.takeCharacter();
      full += `_${subscript.replace(/\\(?:text|mathrm)\{?|[ {]/g, '')}`;
    }
    while (this.take("'") || this.takeText('^{\\prime}') || this.takeText('^\\prime')) full += "'";
    return { kind: 'symbol', name: full };
  }
}

function isMinusOne(exponent: Expression): boolean {
  const inner = exponent.kind === 'negative' ? exponent.of : null;
  return inner?.kind === 'number' && inner.value.n === 1n && inner.value.d === 1n;
}

const ONE: Expression = { kind: 'number', value: integer(1), decimals: 0 };
const HALF: Expression = { kind: 'number', value: rational(1n, 2n), decimals: 0 };
