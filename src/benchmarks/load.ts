import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { BenchmarkFileError } from '../errors.js';
import type { Domain } from '../rl/questions.js';
import { type Benchmark, type BenchmarkItem, FILE_BENCHMARKS, fileBenchmarkName } from './catalog.js';

/** The largest public file is well below a megabyte. */
const MAX_SIZE_BYTES = 32 * 1024 * 1024;

/** The items of a public benchmark file, at most the first `limit` of them (all where null). The whole file is
 *  checked in any case.
 *  @throws UsageError for an unknown benchmark.
 *  @throws BenchmarkFileError when the file can't be read, is empty, or has anything malformed; then with the line. */
export function loadBenchmark(name: string, file: string, limit: number | null): Benchmark {
  const known = fileBenchmarkName(name);
  const { domain, format } = FILE_BENCHMARKS[known];
  const items = PARSERS[format](readText(file), file, domain);
  if (items.length === 0) throw fail(file, 1, `has no items; expected a file of ${known}`);
  return { name: known, domain, file, items: limit === null ? items : items.slice(0, limit) };
}

type Parser = (text: string, file: string, domain: Domain) => BenchmarkItem[];

const PARSERS = {
  'gpt3-lines': parseGpt3Lines,
  'bbh-examples': parseBbhExamples,
} as const satisfies Record<string, Parser>;

const shortText = z.string().max(20_000);
const gpt3Line = z.looseObject({ context: shortText, completion: shortText });
const GPT3_CONTEXT = /^\s*Q: ([^\n]*\S)\s*\n\s*A:\s*$/;

/** JSON lines: {"context": "\n\nQ: What is 98 plus 45?\n\nA:", "completion": " 143"}. Blank lines are passed over. */
function parseGpt3Lines(text: string, file: string, domain: Domain): BenchmarkItem[] {
  const items: BenchmarkItem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const { context, completion } = check(gpt3Line, parseJson(line, file, index), file, index + 1, '');
    const question = GPT3_CONTEXT.exec(context)?.[1];
    if (question === undefined) {
      throw fail(file, index + 1, `expected "context" like "\\n\\nQ: …?\\n\\nA:", got ${JSON.stringify(context)}`);
    }
    const answer = completion.trim();
    if (answer === '') throw fail(file, index + 1, 'expected an answer in "completion", got none');
    items.push({ question, answer, domain });
  }
  return items;
}

const bbhFile = z.looseObject({ examples: z.array(z.unknown()) });
const bbhExample = z.looseObject({
  input: shortText.trim().min(1, 'expected a question, got none'),
  target: shortText.trim().min(1, 'expected an answer, got none'),
});

/** One JSON object: {"canary": …, "examples": [{"input": "not True is", "target": "False"}]}. The line of a wrong
 *  example is not kept by JSON.parse, so the message counts examples, and the line is where the list begins. */
function parseBbhExamples(text: string, file: string, domain: Domain): BenchmarkItem[] {
  const value = parseJson(text, file, 0);
  const listLine = lineAt(text, Math.max(0, text.indexOf('"examples"')));
  const { examples } = check(bbhFile, value, file, listLine, '');
  return examples.map((example, index) => {
    const { input, target } = check(bbhExample, example, file, listLine, `examples[${index}]`);
    return { question: input, answer: target, domain };
  });
}

/** The file's text without byte order mark and with `\n` line ends. */
function readText(file: string): string {
  const bytes = readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch (cause) {
    const text = new TextDecoder('utf-8').decode(bytes); // with U+FFFD for what is wrong
    throw fail(file, lineAt(text, text.indexOf('\ufffd')), 'is not UTF-8 text', cause);
  }
}

function readBytes(file: string): Uint8Array {
  let sizeBytes: number;
  let bytes: Uint8Array;
  try {
    sizeBytes = statSync(file).size;
    bytes = sizeBytes > MAX_SIZE_BYTES ? new Uint8Array() : readFileSync(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const found = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new BenchmarkFileError(`${file} ${found}; give the path of a benchmark file`, { cause, details: { file } });
  }
  if (sizeBytes <= MAX_SIZE_BYTES) return bytes;
  throw new BenchmarkFileError(`${file} has ${sizeBytes} bytes; at most ${MAX_SIZE_BYTES} are read`, {
    details: { file },
  });
}

/** `text` begins `lineOffset` lines into the file. */
function parseJson(text: string, file: string, lineOffset: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fail(file, lineOffset + lineAt(text, errorPosition(text, String(cause))), 'is not JSON', cause);
  }
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

function check<T>(schema: z.ZodType<T>, value: unknown, file: string, line: number, path: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = [path, ...(issue?.path ?? [])].filter((part) => part !== '').join('.') || 'the top';
  throw fail(file, line, `${where}: ${issue?.message ?? 'invalid'}`);
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function fail(file: string, line: number, found: string, cause?: unknown): BenchmarkFileError {
  return new BenchmarkFileError(`${file}, line ${line}: ${found}`, { cause, details: { file, line } });
}
