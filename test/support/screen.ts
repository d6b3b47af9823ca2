import { Writable } from 'node:stream';
import xterm from '@xterm/headless';

/** A terminal as xterm.js draws it, without a window: what is on its screen is what a person sees. */
export class Screen extends Writable {
  readonly isTTY = true;
  private readonly terminal: xterm.Terminal;

  constructor(
    public columns: number,
    public rows: number,
  ) {
    super({ decodeStrings: false });
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  }

  /** Lays long lines anew over several rows, as most terminals do, and then tells the program. */
  async resize(columns: number): Promise<void> {
    await this.drawn();
    this.terminal.resize(columns, this.rows);
    this.columns = columns;
    this.emit('resize');
  }

  /** The rows from the first to the last that shows something, those that have scrolled away too. */
  async lines(): Promise<readonly string[]> {
    await this.drawn();
    const { active } = this.terminal.buffer;
    const rows = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? '');
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }

  /** Whether some line took more than one row. */
  async wraps(): Promise<boolean> {
    await this.drawn();
    const { active } = this.terminal.buffer;
    return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.isWrapped ?? false).includes(true);
  }

  override _write(text: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.terminal.write(text, done);
  }

  private async drawn(): Promise<void> {
    await new Promise<void>((resolve) => this.terminal.write('', resolve));
  }
}
