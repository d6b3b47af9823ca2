import { spend, Undecidable } from './allowance.js';

/** A place in a normalised answer, and what may stand there. */
export class TextScanner {
  protected at = 0;
  constructor(protected readonly text: string) {}

  /** Ends the parse: the text from here on means nothing to us. */
  fail(): never {
    throw new Undecidable(`no meaning at character ${this.at}`);
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

export function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
export function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z');
}
