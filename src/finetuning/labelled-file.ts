import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readBytes } from '../benchmarks/file-text.js';
import { fileRecords } from '../benchmarks/records.js';
import { BenchmarkFileError } from '../errors.js';
import type { PromptFormat } from '../lm/prompts.js';
import { encodeOpened, type Tokenizer } from '../lm/tokenizer.js';

/** A prompt and what is to be answered, as tokens. The completion ends with a token that ends a text. */
export interface LabelledExample {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

export interface LabelledFile {
  readonly file: string;
  readonly sha256: string;
  readonly examples: readonly LabelledExample[];
  /** Records that were passed over, and what is wrong with the first of them. */
  readonly skipped: { readonly count: number; readonly first: string | null };
}

export interface LabelledSettings {
  /** The first so many examples; null for all. The whole file is checked in any case. */
  readonly limit: number | null;
  /** Passes over records that can't be used, and counts them. */
  readonly skipBad: boolean;
  /** Longest prompt and completion together, in tokens. */
  readonly maxTokens: number;
}

/** Who learns from the file. */
export interface Reading {
  readonly tokenizer: Tokenizer;
  readonly format: PromptFormat;
}

/**
 * The examples of a labelled file: JSON lines, or another kind that `fileRecords` reads. A record is a question with its
 * answer, which is asked as the Solver is asked and answered in a box; or with its solution, worked out to the box; or a
 * prompt and its completion, taken as they are.
 * @throws BenchmarkFileError with the line of the first record that can't be used, and for a file with none that can.
 */
export async function readLabelled(
  file: string,
  reading: Reading,
  { limit, skipBad, maxTokens }: LabelledSettings,
): Promise<LabelledFile> {
  const bytes = readBytes(file);
  const examples: LabelledExample[] = [];
  const bad: BenchmarkFileError[] = [];
  for (const record of await fileRecords(bytes, file)) {
    const example = 'error' in record ? record.error : exampleOf(record.value, reading, maxTokens);
    if (typeof example === 'object' && !(example instanceof BenchmarkFileError)) {
      examples.push(example);
      continue;
    }
    const { place, line } = record;
    const details = { file, ...(line === null ? { place } : { line }) };
    const error =
      typeof example === 'string' ? new BenchmarkFileError(`${file}, ${place}: ${example}`, { details }) : example;
    if (!skipBad) throw error;
    bad.push(error);
  }
  if (examples.length === 0)
    throw bad[0] ?? new BenchmarkFileError(`${file}, line 1: has no examples`, { details: { file, line: 1 } });
  return {
    file,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    examples: limit === null ? examples : examples.slice(0, limit),
    skipped: { count: bad.length, first: bad[0]?.message ?? null },
  };
}

const text = z.string().refine((value) => value.trim() !== '', 'is empty');
/** Other fields are passed over. */
const labelledRecord = z.object(
  {
    question: text.nullish(),
    answer: z.union([text, z.number()]).nullish(),
    solution: text.nullish(),
    prompt: text.nullish(),
    completion: text.nullish(),
    domain: z.enum(['math', 'general']).nullish(),
  },
  'is no JSON object',
);

/** The texts of a record, or what is wrong with it. */
function textsOf(value: unknown, { format }: Reading): readonly [prompt: string, completion: string] | string {
  const parsed = labelledRecord.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    return `${name}${(issue?.message ?? 'invalid').replace(/^Invalid \w+: /, '')}`;
  }
  const { question, answer, solution, prompt, completion, domain } = parsed.data;
  const boxed = answer == null ? null : `\\boxed{${answer}}`;
  const solved = solution ?? boxed;
  if (question != null && solved !== null) return [format.solverPrompt(question, domain ?? 'math'), solved];
  if (prompt != null && completion != null) return [prompt, completion];
  const names = Object.keys(Object(value)).join(', ').slice(0, 100) || 'nothing';
  return `expected question and answer, question and solution, or prompt and completion; it has ${names}`;
}

/** A record as tokens, or what is wrong with it. */
function exampleOf(value: unknown, reading: Reading, maxTokens: number): LabelledExample | string {
  const texts = textsOf(value, reading);
  if (typeof texts === 'string') return texts;
  const { tokenizer, format } = reading;
  const prompt = encodeOpened(tokenizer, texts[0]);
  const written = tokenizer.encode(texts[1]);
  const [end] = format.solverStops;
  const ended = format.solverStops.includes(written.at(-1) ?? -1) || end === undefined;
  const completion = ended ? written : [...written, end];
  const unknown = tokenizer.specials.get('<unk>');
  if (unknown !== undefined && (prompt.includes(unknown) || completion.includes(unknown)))
    return "has characters that the model's tokenizer does not know";
  if (prompt.length === 0) return 'has a prompt of no tokens';
  const length = prompt.length + completion.length;
  return length <= maxTokens ? { prompt, completion } : `has ${length} tokens; at most ${maxTokens} are trained on`;
}
