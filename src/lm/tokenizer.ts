import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { CheckpointError, InternalError } from '../errors.js';

/** Text to token ids and back, as a checkpoint's own tokenizer.json defines it. */
export interface Tokenizer {
  /** Token ids of `text`. Names of special tokens inside it become those tokens; nothing is added around it. */
  encode(text: string): number[];
  /** Text of `ids`, special tokens included by name. Ids beyond the vocabulary, which a checkpoint's padded
   *  embedding allows, decode to nothing. */
  decode(ids: readonly number[]): string;
  /** Ids of the special tokens by name. */
  readonly specials: ReadonlyMap<string, number>;
  /** One more than the highest id. */
  readonly vocabularySize: number;
}

/** Only what this file relies on; the rest is the library's to read. */
const tokenizerFile = z.looseObject({
  model: z.looseObject({ vocab: z.union([z.record(z.string(), z.int()), z.array(z.unknown())]) }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string().min(1), special: z.boolean() })),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  decoder: z.unknown(),
});
const configFile = z.looseObject({});

/** The tokenizer of a checkpoint folder: its tokenizer.json and tokenizer_config.json.
 *  @throws CheckpointError when one of them is missing or malformed. */
export function loadTokenizer(folder: string): Tokenizer {
  const path = join(folder, 'tokenizer.json');
  const definition = readJson(path, tokenizerFile);
  const config = readJson(join(folder, 'tokenizer_config.json'), configFile);
  try {
    return wrap(new HuggingFaceTokenizer(definition, config), definition.added_tokens);
  } catch (cause) {
    throw new CheckpointError(`${path} is not a tokenizer that @huggingface/tokenizers can read`, { cause });
  }
}

/** Id of the special token `name`.
 *  @throws CheckpointError when the tokenizer has none of that name. */
export function specialId(tokenizer: Tokenizer, name: string): number {
  const id = tokenizer.specials.get(name);
  if (id !== undefined) return id;
  const names = [...tokenizer.specials.keys()].join(', ');
  throw new CheckpointError(`the tokenizer has no special token ${name}; it has ${names || 'none'}`);
}

/** The text of each token by itself. */
export const tokenTexts = (tokenizer: Tokenizer): string[] =>
  Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.decode([id]));

function wrap(library: HuggingFaceTokenizer, added: z.infer<typeof tokenizerFile>['added_tokens']): Tokenizer {
  let vocabularySize = 0;
  for (const id of library.get_vocab().values()) vocabularySize = Math.max(vocabularySize, id + 1);
  return {
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => {
      const known = ids.filter((id) => isKnown(id, vocabularySize));
      // The library refuses an empty list, and its clean-up of spaces (on by default) changes " ." and the like.
      return known.length === 0 ? '' : library.decode(known, { clean_up_tokenization_spaces: false });
    },
    specials: new Map(added.filter((token) => token.special).map((token) => [token.content, token.id])),
    vocabularySize,
  };
}

function isKnown(id: number, vocabularySize: number): boolean {
  if (!Number.isInteger(id) || id < 0) throw new InternalError(`expected a token id to decode, got ${id}`);
  return id < vocabularySize;
}

function readJson<T>(path: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CheckpointError(`${path} ${fault(cause)}; a checkpoint folder needs it whole`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'its top' : issue.path.join('.');
  throw new CheckpointError(`${path} is malformed at ${where}: ${issue?.message ?? 'invalid'}`);
}

function fault(cause: unknown): string {
  if (cause instanceof SyntaxError) return 'is not JSON';
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
}
