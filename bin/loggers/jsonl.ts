import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../../src/errors.js';
import { AppendFile } from './append-file.js';
import type { LogRecord, LogSink } from './log-record.js';

/** A log of JSON lines, in which several runs may stand. It goes on where it ends; a line that was cut is written anew.
 *  @throws UsageError for a file that holds something else, RzeroError when it can't be written. */
export function openJsonLines(path: string, runId: string): LogSink {
  const { lines, endByte, endsLine } = readLog(path);
  const file = new AppendFile(path, endByte);
  if (!endsLine) file.append(Buffer.from('\n'));
  return {
    recordCount: lines.filter((line) => line.run_id === runId).length,
    write: (record) => file.append(Buffer.from(`${JSON.stringify(lineOf(record))}\n`)),
    close: () => file.close(),
  };
}

/** A line that was cut begins as every line of ours does, as far as it goes. */
const BEGINNING = '{"run_id":"';

/** The lines of a log, and where the last whole one ends; none of a file that is not there yet.
 *  @throws UsageError for a file that holds something else: it is left as it is. */
export function readLog(path: string): {
  readonly lines: readonly { readonly run_id?: unknown }[];
  readonly endByte: number;
  readonly endsLine: boolean;
} {
  if (!existsSync(path)) return { lines: [], endByte: 0, endsLine: true };
  const bytes = readFileSync(path);
  const texts = bytes.toString('utf8').split('\n');
  const rest = texts.pop() ?? '';
  const isCut = rest !== '' && parsed(rest) === null && (rest.startsWith(BEGINNING) || BEGINNING.startsWith(rest));
  const whole = isCut || rest === '' ? texts : [...texts, rest];
  const lines = whole.map((text, i) => {
    const line = parsed(text);
    if (line === null)
      throw new UsageError(`${path} line ${i + 1} is no JSON object: a log goes into a file of its own`);
    return line;
  });
  const cutBytes = isCut ? Buffer.byteLength(rest) : 0;
  return { lines, endByte: bytes.length - cutBytes, endsLine: isCut || rest === '' };
}

function parsed(text: string): { readonly run_id?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A record as it is written: its metrics stand beside its place, as in the history of a trainer. */
function lineOf({ runId, wallTime, step, iteration, scalars, config }: LogRecord): object {
  const place = { run_id: runId, wall_time: wallTime, step, iteration };
  return config === null ? { ...place, ...scalars } : { ...place, config };
}
