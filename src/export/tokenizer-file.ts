import { z } from 'zod';
import { CheckpointError } from '../errors.js';

/** What an export reads of a checkpoint's tokenizer files: only what it relies on. */

const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    vocab: z.union([z.record(z.string(), z.int().min(0)), z.array(z.unknown())]),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).default([]),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    unk_token: z.string().nullish(),
  }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string(), special: z.boolean() })).default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
});
export type TokenizerFile = z.infer<typeof tokenizerSchema>;

const token = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
const template = z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish();
const settingsSchema = z.looseObject({
  bos_token: token,
  eos_token: token,
  unk_token: token,
  pad_token: token,
  add_bos_token: z.boolean().nullish(),
  chat_template: template,
});
export type TokenizerSettings = z.infer<typeof settingsSchema>;

const ids = z.union([z.int().min(0), z.array(z.int().min(0))]).nullish();
const specialIdsSchema = z.looseObject({ bos_token_id: ids, eos_token_id: ids, pad_token_id: ids });
/** Ids of special tokens, as config.json and generation_config.json have them. */
export type SpecialIds = z.infer<typeof specialIdsSchema>;

/** @throws CheckpointError where the file is not what Hugging Face writes. */
export const parseTokenizerFile = (json: unknown, path: string): TokenizerFile => parsed(tokenizerSchema, json, path);
/** @throws CheckpointError as {@link parseTokenizerFile}. */
export const parseTokenizerSettings = (json: unknown, path: string): TokenizerSettings =>
  parsed(settingsSchema, json, path);
/** @throws CheckpointError as {@link parseTokenizerFile}. */
export const parseSpecialIds = (json: unknown, path: string): SpecialIds => parsed(specialIdsSchema, json, path);

function parsed<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new CheckpointError(
    `${path} is malformed at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'invalid'}`,
  );
}

/** A component of a tokenizer by its kind, with its own settings. */
export type Component = Readonly<Record<string, unknown>> & { readonly type: string };

/** The components of a tokenizer's part in their order; sequences are taken apart. */
export function componentsOf(part: unknown): Component[] {
  if (!isComponent(part)) return [];
  if (part.type !== 'Sequence') return [part];
  return ['normalizers', 'pretokenizers', 'processors', 'decoders'].flatMap((name) => {
    const list = part[name];
    return Array.isArray(list) ? list.flatMap(componentsOf) : [];
  });
}

function isComponent(value: unknown): value is Component {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
