import type { BenchmarkFileError } from '../errors.js';
import { lineAt, lineError } from './file-text.js';
import type { FileRecord } from './records.js';

/** The records of a JSON list, or of an object's list `examples`; null for JSON lines.
 *  @throws BenchmarkFileError with the line, for a list that is not JSON. */
export function jsonList(text: string, file: string): FileRecord[] | null {
  const [first = '', second] = text.split('\n').filter((line) => line.trim() !== '');
  const opensList = first.trimStart().startsWith('[');
  if (!opensList && second !== undefined && isJson(first)) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // Neither as a whole nor line by line: lines, where the second one begins as a record does.
    if (!opensList && second?.trimStart().startsWith('{"')) return null;
    throw notJson(text, file, 0, cause);
  }
  if (Array.isArray(value)) return placed(value, text, text.indexOf('['), '');
  if (typeof value !== 'object' || value === null || !('examples' in value)) return null;
  if (!Array.isArray(value.examples)) throw lineError(file, 1, 'examples: expected a list of items');
  const key = text.indexOf('"examples"');
  return placed(value.examples, text, text.indexOf('[', key), 'examples');
}

/** One record for each line that is not blank. */
export function* jsonLines(text: string, file: string): Generator<FileRecord> {
  let line = 0;
  for (const content of text.split('\n')) {
    line++;
    if (content.trim() === '') continue;
    const where = { place: `line ${line}`, line };
    try {
      yield { ...where, value: JSON.parse(content) };
    } catch (cause) {
      yield { ...where, error: notJson(content, file, line - 1, cause) };
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // the answer, not a failure: it is asked whether it is
  }
}

/** The elements of a list with the lines where they begin, which JSON.parse does not tell. */
function placed(values: readonly unknown[], text: string, open: number, name: string): FileRecord[] {
  const starts = elementStarts(text, open);
  let line = 1;
  let seen = 0;
  return values.map((value, i) => {
    const start = starts[i] ?? open;
    line += text.slice(seen, start).split('\n').length - 1;
    seen = start;
    return { place: `line ${line}, ${name}[${i}]`, line, value };
  });
}

/** Where each element of the list at `open` begins. The text is valid JSON. */
function elementStarts(text: string, open: number): number[] {
  const starts: number[] = [];
  let depth = 0;
  let expects = true;
  for (let i = open + 1; i < text.length; i++) {
    const char = text[i] as string;
    if (/\s/.test(char)) continue;
    if (depth === 0 && char === ']') break;
    if (depth === 0 && char === ',') expects = true;
    else if (expects) {
      starts.push(i);
      expects = false;
    }
    if (char === '"') i = stringEnd(text, i);
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
  }
  return starts;
}

function stringEnd(text: string, open: number): number {
  let i = open + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

/** `text` begins `lineOffset` lines into the file. */
function notJson(text: string, file: string, lineOffset: number, cause: unknown): BenchmarkFileError {
  return lineError(file, lineOffset + lineAt(text, errorPosition(text, String(cause))), 'is not JSON', cause);
}

/** Index at which JSON.parse gave up: V8 tells the position, or quotes what stands around it, or means the end. */
function errorPosition(text: string, message: string): number {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  const [, cut, quoted] = /, (\.\.\.)?"(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(message) ?? [];
  if (quoted === undefined) return text.length;
  return text.indexOf(quoted) + (cut === undefined ? 0 : QUOTED_BEFORE);
}
/** Characters that V8 quotes before the wrong one. */
const QUOTED_BEFORE = 10;
