import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../errors.js';

/** What the files of a checkpoint folder say of its text, checked and in one form. Files are hostile input. */

/** A token that is matched whole in a text, wherever it stands. */
export type AddedToken = z.infer<typeof addedToken>;

const addedToken = z.looseObject({ id: z.int().min(0), content: z.string().min(1), special: z.boolean() });

/** Only what rzero relies on; the rest is the library's to read. */
const tokenizerFile = z.looseObject({
  model: z.looseObject({ vocab: z.union([z.record(z.string(), z.int()), z.array(z.unknown())]) }),
  added_tokens: z.array(addedToken),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  decoder: z.unknown(),
});

/** A special token by name, or as the object that older files have. */
const tokenName = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const template = z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]);
const configFile = z.looseObject({
  bos_token: tokenName.nullish(),
  eos_token: tokenName.nullish(),
  pad_token: tokenName.nullish(),
  unk_token: tokenName.nullish(),
  chat_template: template.nullish(),
  added_tokens_decoder: z
    .record(
      z.string().regex(/^\d{1,9}$/, 'expected a token id'),
      addedToken.omit({ id: true }).partial({ special: true }),
    )
    .optional(),
});

const tokenId = z.int().min(0);
const endingFile = z.looseObject({ eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish() });

/** A chat template as it stands in a file. */
export interface TemplateText {
  readonly text: string;
  /** Where it stands, for messages. */
  readonly path: string;
}

/** What a folder says of its text, beside tokenizer.json itself. */
export interface TextSettings {
  /** tokenizer_config.json whole, as the library takes it. */
  readonly config: object;
  /** Names of special tokens that a chat template may write. */
  readonly names: Readonly<Record<'bos_token' | 'eos_token' | 'pad_token' | 'unk_token', string | null>>;
  /** Tokens that only tokenizer_config.json has. */
  readonly addedTokens: readonly AddedToken[];
  /** Ids that end a text by generation_config.json and config.json, in that order; empty where neither says. */
  readonly endIds: readonly number[];
  readonly template: TemplateText | null;
}

/** tokenizer.json, checked, and its path. @throws CheckpointError when it is missing or malformed. */
export function readTokenizerFile(folder: string): {
  readonly path: string;
  readonly definition: z.infer<typeof tokenizerFile>;
} {
  const path = join(folder, 'tokenizer.json');
  if (!existsSync(path)) {
    const other = ['tokenizer.model', 'vocab.json'].find((name) => existsSync(join(folder, name)));
    if (other !== undefined) {
      throw new CheckpointError(
        `${folder} has ${other} and no tokenizer.json; write one with transformers: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)`,
      );
    }
  }
  return { path, definition: readJson(path, tokenizerFile) };
}

/** What the folder's other files say: tokenizer_config.json, and where they are there generation_config.json, config.json
 *  and chat_template.jinja. @throws CheckpointError when one is malformed, or the first is missing. */
export function readTextSettings(folder: string): TextSettings {
  const path = join(folder, 'tokenizer_config.json');
  const config = readJson(path, configFile);
  const ending = (name: string): readonly number[] => {
    const file = join(folder, name);
    return existsSync(file) ? [readJson(file, endingFile).eos_token_id ?? []].flat() : [];
  };
  return {
    config,
    names: {
      bos_token: config.bos_token ?? null,
      eos_token: config.eos_token ?? null,
      pad_token: config.pad_token ?? null,
      unk_token: config.unk_token ?? null,
    },
    addedTokens: Object.entries(config.added_tokens_decoder ?? {}).map(([id, token]) => ({
      ...token,
      special: token.special ?? false,
      id: Number(id),
    })),
    endIds: [...ending('generation_config.json'), ...ending('config.json')],
    template: templateFile(folder) ?? templateOf(config.chat_template ?? null, path),
  };
}

/** Newer folders have the template in a file of its own, which comes first. */
function templateFile(folder: string): TemplateText | null {
  const path = join(folder, 'chat_template.jinja');
  return existsSync(path) ? { text: readText(path), path } : null;
}

function templateOf(found: z.infer<typeof template> | null, path: string): TemplateText | null {
  if (found === null) return null;
  const where = `chat_template of ${path}`;
  if (typeof found === 'string') return { text: found, path: where };
  const chosen = found.find(({ name }) => name === 'default') ?? (found.length === 1 ? found[0] : undefined);
  if (chosen !== undefined) return { text: chosen.template, path: where };
  const names = found.map(({ name }) => name).join(', ');
  throw new CheckpointError(`${path} has the chat templates ${names || '(none)'}; name the one to use "default"`);
}

/** Of a tokenizer's files the largest known has 34 MB. */
const MAX_SIZE_BYTES = 256 * 2 ** 20;

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_SIZE_BYTES)
      throw new CheckpointError(`${path} has ${size} bytes; at most ${MAX_SIZE_BYTES} are read`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const fault = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new CheckpointError(`${path} ${fault}; a checkpoint folder needs it whole`, { cause });
  }
}

function readJson<T>(path: string, schema: z.ZodType<T>): T {
  const text = readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(`${path} is not JSON; a checkpoint folder needs it whole`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'its top' : issue.path.join('.');
  throw new CheckpointError(`${path} is malformed at ${where}: ${issue?.message ?? 'invalid'}`);
}
