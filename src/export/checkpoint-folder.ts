import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import { isQuantized } from '../lm/quantization.js';
import { type ExportDtype, type ExportFile, jsonFile, smallFile } from './export-file.js';
import {
  parseSpecialIds,
  parseTokenizerFile,
  parseTokenizerSettings,
  type SpecialIds,
  type TokenizerFile,
  type TokenizerSettings,
} from './tokenizer-file.js';

/** What an export takes from the base model's folder besides its weights. */

/** Files that belong to a checkpoint in any format: its tokenizer in all of its forms, and its licence. */
const COPIED = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'chat_template.json',
  'generation_config.json',
  'LICENSE',
  'LICENSE.txt',
  'NOTICE',
] as const;

export interface CheckpointFolder {
  /** Without its quantization: what is exported are whole weights. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether the projections are in blocks of 4 bits. */
  readonly quantized: boolean;
  readonly ids: SpecialIds;
  /** Null where the folder has no tokenizer. */
  readonly tokenizer: TokenizerFile | null;
  readonly settings: TokenizerSettings;
  /** The files that are copied as they are. */
  readonly copies: readonly ExportFile[];
}

/** @throws CheckpointError for a file that is not what it should be. */
export function readCheckpointFolder(folder: string): CheckpointFolder {
  const copies = COPIED.flatMap((name) => {
    const path = join(folder, name);
    return statSync(path, { throwIfNoEntry: false })?.isFile() ? [smallFile(name, readFileSync(path))] : [];
  });
  const json = (name: string): Record<string, unknown> | null => {
    const copy = copies.find(({ path }) => path === name);
    return copy === undefined ? null : parseJson(Buffer.concat([...copy.chunks()]), join(folder, name));
  };
  const configPath = join(folder, 'config.json');
  const { quantization_config, ...config } = parseJson(readFileSync(configPath), configPath);
  const [tokenizer, settings, generation] = [
    json('tokenizer.json'),
    json('tokenizer_config.json'),
    json('generation_config.json'),
  ];
  const jinja = copies.find(({ path }) => path === 'chat_template.jinja');
  const template = jinja === undefined ? {} : { chat_template: Buffer.concat([...jinja.chunks()]).toString('utf8') };
  const ids = { ...config, ...(generation ?? {}) };
  return {
    config,
    quantized: isQuantized({ quantization_config }, configPath),
    ids: parseSpecialIds(ids, configPath),
    tokenizer: tokenizer === null ? null : parseTokenizerFile(tokenizer, join(folder, 'tokenizer.json')),
    settings: parseTokenizerSettings({ ...(settings ?? {}), ...template }, join(folder, 'tokenizer_config.json')),
    copies,
  };
}

/** The folder's files for an export in Hugging Face's layout: config.json with its changes, what is copied, and a
 *  generation_config.json where there was none, so that generation ends where the tokenizer says. */
export function layoutFiles(folder: CheckpointFolder, changes: Readonly<Record<string, unknown>>): ExportFile[] {
  const generation = folder.copies.some(({ path }) => path === 'generation_config.json')
    ? []
    : [jsonFile('generation_config.json', generationConfig(folder))];
  return [jsonFile('config.json', { ...folder.config, ...changes }), ...generation, ...folder.copies];
}

const TORCH_DTYPES = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const satisfies Record<
  ExportDtype,
  string
>;

/** What config.json says of the weights' type, under the names that it has for it. */
export function dtypeFields(
  { config }: CheckpointFolder,
  dtype: ExportDtype,
): { readonly torch_dtype: string; readonly dtype?: string } {
  const name = TORCH_DTYPES[dtype];
  return { torch_dtype: name, ...('dtype' in config ? { dtype: name } : {}) };
}

/** The type that the folder's own weights have, by its config.json; float32 where it says nothing. */
export function ownDtype({ config }: CheckpointFolder): ExportDtype {
  const name = config['dtype'] ?? config['torch_dtype'];
  return name === 'bfloat16' ? 'bf16' : name === 'float16' ? 'f16' : 'f32';
}

function generationConfig({ ids, tokenizer, settings }: CheckpointFolder): object {
  const idOf = (name: string | null | undefined): number | undefined =>
    tokenizer?.added_tokens.find(({ content }) => content === name)?.id;
  const entries = {
    bos_token_id: ids.bos_token_id ?? idOf(settings.bos_token),
    eos_token_id: ids.eos_token_id ?? idOf(settings.eos_token),
    pad_token_id: ids.pad_token_id ?? idOf(settings.pad_token),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, id]) => id !== undefined));
}

function parseJson(bytes: Uint8Array, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new CheckpointError(`${path} is not JSON`, { cause });
  }
  if (!isRecord(value)) throw new CheckpointError(`${path} is not a JSON object`);
  return value;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An entry of a folder that no export writes; null where there is none. */
export function foreignEntry(folder: string): string | null {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.find((entry) => !isExportedEntry(folder, entry))?.name ?? null;
}

function isExportedEntry(folder: string, entry: Dirent): boolean {
  if (entry.isDirectory()) {
    const inner = entry.name === 'onnx' ? readdirSync(join(folder, 'onnx'), { withFileTypes: true }) : [];
    return inner.length > 0 && inner.every((each) => each.isFile() && /^model\.onnx(_data(_\d+)?)?$/.test(each.name));
  }
  return entry.isFile() && (WRITTEN.test(entry.name) || (COPIED as readonly string[]).includes(entry.name));
}

const WRITTEN =
  /^(README\.md|config\.json|adapter_config\.json|adapter_model\.safetensors|model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json)$/;
