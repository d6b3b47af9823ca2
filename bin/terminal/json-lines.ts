import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { RzeroError, UsageError } from '../../src/errors.js';

/**
 * JSON lines in, JSON lines out, in constant memory.
 *
 * - Output is gathered and written in blocks; when the reader is slow, reading waits for it.
 * - On a bad line everything before it has been written.
 */

const BLOCK_LENGTH = 1 << 16;
/** A longer line is taken for a file that is not JSON lines. In UTF-16 code units. */
const MAX_LINE_LENGTH = 1 << 24;

/** Prints `map` of each line of `input` on stdout, one line for each that is not blank.
 *  @throws RzeroError for a line that does not fit `schema`, with its number.
 *  @throws UsageError when the input can't be read. */
export async function mapJsonLines<T>(
  input: Readable,
  name: string,
  schema: z.ZodType<T>,
  map: (value: T) => unknown,
): Promise<void> {
  let block = '';
  try {
    for await (const { text, number } of readLines(input, name)) {
      block += `${JSON.stringify(map(parseLine(text, number, name, schema)))}\n`;
      if (block.length < BLOCK_LENGTH) continue;
      await write(block);
      block = '';
    }
  } finally {
    if (block !== '') await write(block);
  }
}

/** Prints what `map` makes of the lines of `input`, one line for each, {@link BATCH_SIZE} lines at a time: while a batch is
 *  at work the next is read. Otherwise as {@link mapJsonLines}. */
export async function mapJsonLineBatches<T>(
  input: Readable,
  name: string,
  schema: z.ZodType<T>,
  map: (values: readonly T[]) => Promise<readonly unknown[]>,
): Promise<void> {
  let batch: T[] = [];
  let written = Promise.resolve();
  const send = async (): Promise<void> => {
    const [values, before] = [batch, written];
    batch = [];
    const results = map(values);
    await before; // one batch is at work and one is read, no more
    written = results.then((all) => write(all.map((result) => `${JSON.stringify(result)}\n`).join('')));
    written.catch(() => {}); // heard at the next await
  };
  try {
    for await (const { text, number } of readLines(input, name)) {
      batch.push(parseLine(text, number, name, schema));
      if (batch.length === BATCH_SIZE) await send();
    }
  } finally {
    if (batch.length > 0) await send();
    await written;
  }
}

const BATCH_SIZE = 2048;

/** The value of one line.
 *  @throws RzeroError, with the file and line, when it is not JSON or not of that form. */
export function parseLine<T>(text: string, number: number, name: string, schema: z.ZodType<T>): T {
  const details = { file: name, line: number };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const found = JSON.stringify(text.slice(0, 60));
    throw new RzeroError(`${name} line ${number}: expected a JSON object, got ${found}`, { cause, details });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `;
  const message = (issue?.message ?? 'not of the expected form').replace(/^Invalid input: /, '');
  throw new RzeroError(`${name} line ${number}: ${where}${message}`, { details });
}

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** The lines of a UTF-8 stream without their ends. Blank lines are passed over, but counted.
 *  @throws UsageError when it can't be read. @throws RzeroError for a line of more than 16 million characters. */
export async function* readLines(input: Readable, name: string): AsyncGenerator<Line> {
  let rest = '';
  let number = 0;
  input.setEncoding('utf8');
  try {
    for await (const chunk of input) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        number++;
        if (text.trim() !== '') yield { text: withoutMark(text, number), number };
      }
      if (rest.length > MAX_LINE_LENGTH) throw tooLong(name, number + 1);
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new UsageError(`${name} can't be read`, { cause });
  }
  number++;
  if (rest.trim() !== '') yield { text: withoutMark(rest, number), number };
}

function tooLong(name: string, number: number): RzeroError {
  return new RzeroError(`${name} line ${number}: longer than 16 million characters; expected JSON lines`);
}

/** A byte order mark may begin the first line. */
function withoutMark(text: string, number: number): string {
  return number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function write(block: string): Promise<void> {
  if (!process.stdout.write(block)) await once(process.stdout, 'drain');
}
