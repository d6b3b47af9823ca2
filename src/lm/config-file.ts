import { z } from 'zod';
import { CheckpointError } from '../errors.js';
import { isQuantized } from './quantization.js';

/**
 * What a checkpoint's config.json may hold. Fields are named and filled in as Hugging Face's configuration classes do
 * (transformers, `configuration_qwen3.py`, `configuration_qwen2.py`, `configuration_llama.py`, `modeling_rope_utils.py`).
 * Rules:
 * - what does not change the numbers is not looked at: dtypes, dropout, ids of special tokens, cache settings;
 * - what changes them and is not built here is refused by its name, never ignored.
 */

/** `model_type`s that the decoder can be. */
const FAMILIES = ['qwen3', 'qwen2', 'llama'] as const;
type Family = (typeof FAMILIES)[number];

/** What a file of each family means by leaving a field out. */
export const FAMILY_DEFAULTS = {
  qwen3: { keyValueHeadCount: 32, headSize: 128, maxPositions: 32_768 },
  qwen2: { keyValueHeadCount: 32, headSize: null, maxPositions: 32_768 },
  llama: { keyValueHeadCount: null, headSize: null, maxPositions: 2048 },
} as const satisfies Record<Family, Record<string, number | null>>;

/** A value as an error shows it: files are hostile, and may hold a megabyte where a word should be. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The sentence about a value that is not what `expected` says. */
const expects = (expected: string) => ({
  error: ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? `is missing, ${expected} is expected` : `expected ${expected}, got ${shown(input)}`,
});

function whole(most: number) {
  const sentence = expects(`a whole number from 1 to ${most}`);
  return z.int(sentence).min(1, sentence).max(most, sentence);
}
function number(above: number, most: number) {
  const sentence = expects(`a number above ${above}, up to ${most}`);
  return z.number(sentence).gt(above, sentence).max(most, sentence);
}
const flag = z.boolean(expects('true or false'));
/** Far above any model; the number of weights has a limit of its own. */
const [size, layers] = [whole(2 ** 24), whole(10_000)];
const theta = number(1, 1e15);

const rope = z.looseObject(
  {
    rope_type: z.string(expects('a word')).nullish(),
    type: z.string(expects('a word')).nullish(),
    rope_theta: theta.nullish(),
  },
  expects('an object'),
);
const llama3 = z.object({
  factor: z.number(expects('a number from 1')).min(1, expects('a number from 1')),
  low_freq_factor: number(0, 1e6),
  high_freq_factor: number(0, 1e6),
  original_max_position_embeddings: size,
});

const fields = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: layers,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  intermediate_size: size,
  tie_word_embeddings: flag.nullish(),
  rope_theta: theta.nullish(),
  rope_scaling: rope.nullish(),
  rope_parameters: rope.nullish(),
  original_max_position_embeddings: size.nullish(),
  rms_norm_eps: number(0, 1).default(1e-6),
  max_position_embeddings: size.nullish(),
});
export type ConfigFields = z.infer<typeof fields> & { readonly family: Family };

/** The rotary embedding that a file asks for; `scaling` has the fields of type `llama3`. */
export interface RopeFields {
  readonly theta: number;
  readonly scaling: z.infer<typeof llama3> | null;
}

/** The fields of a parsed config.json. @throws CheckpointError as `parseArchitecture`. */
export function readFields(json: unknown, path: string): ConfigFields {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new CheckpointError(`${path}: expected an object, got ${shown(json)}`);
  const file = json as Readonly<Record<string, unknown>>;
  const family = FAMILIES.find((name) => name === file['model_type']);
  if (family === undefined)
    throw new CheckpointError(
      `${path}: model_type ${file['model_type'] === undefined ? 'is missing' : `${shown(file['model_type'])} is not supported`}; there is ${FAMILIES.join(', ')}`,
    );
  refuseUnsupported(file, family, path);
  return { ...parsed(fields, file, path, []), family };
}

/** The rotary embedding of a file. Transformers 4 keeps θ beside `rope_scaling`; transformers 5 keeps both in
 *  `rope_parameters`, and prefers the older field where a file has the two. @throws CheckpointError as `parseArchitecture`. */
export function readRope(file: ConfigFields, path: string): RopeFields {
  const name = isFilled(file.rope_scaling) ? 'rope_scaling' : 'rope_parameters';
  const own = file[name] ?? {};
  const refuse = (what: string): CheckpointError =>
    new CheckpointError(`${path}: ${name} ${what}; there is llama3, and default for none`);
  const layered = Object.keys(own).find((key) => key.endsWith('_attention'));
  if (layered !== undefined) throw refuse(`of its own for ${layered} is not supported`);
  const type = own.rope_type ?? own.type ?? null;
  if (type === null && 'factor' in own) throw refuse('has a factor but no rope_type');
  const base = own.rope_theta ?? file.rope_theta ?? 10_000;
  if (type === null || type === 'default') return { theta: base, scaling: null };
  if (type !== 'llama3') throw refuse(`of type ${shown(type)} is not supported`);
  const original = file.original_max_position_embeddings;
  const scaling = parsed(
    llama3,
    original == null ? own : { ...own, original_max_position_embeddings: original },
    path,
    [name],
  );
  if (scaling.low_freq_factor >= scaling.high_freq_factor)
    throw new CheckpointError(
      `${path}: ${name}.high_freq_factor: expected a number above low_freq_factor ${scaling.low_freq_factor}, got ${scaling.high_freq_factor}`,
    );
  return { theta: base, scaling };
}

/** What would change the numbers, and is not built: [field, the value that asks for it, what there is]. */
function refuseUnsupported(file: Readonly<Record<string, unknown>>, family: Family, path: string): void {
  const on = (field: string): unknown => (file[field] === false ? undefined : file[field]);
  const types = file['layer_types'] ?? [];
  const ropes = [file['rope_scaling'], file['rope_parameters']].filter(isFilled);
  const quantization = file['quantization_config'];
  const refused: readonly (readonly [field: string, found: unknown, instead: string])[] = [
    ['use_sliding_window', on('use_sliding_window'), 'every layer attends to all that came before'],
    [
      'layer_types',
      Array.isArray(types) ? types.find((type) => type !== 'full_attention') : types,
      'there is full_attention',
    ],
    // Qwen2 has its biases whatever the file says; for the others it would mean one of the output projection too.
    ['attention_bias', family === 'qwen2' ? undefined : on('attention_bias'), `a ${family} has no biases here`],
    ['mlp_bias', on('mlp_bias'), 'feed-forward projections have no biases here'],
    [
      'hidden_act',
      ['silu', 'swish'].includes(String(file['hidden_act'] ?? 'silu')) ? undefined : file['hidden_act'],
      'there is silu',
    ],
    [
      'partial_rotary_factor',
      [file, ...ropes].map((from) => from['partial_rotary_factor']).find((x) => x != null && x !== 1),
      'the whole of a head is rotated',
    ],
    [
      'quantization_config',
      isQuantized(file, path)
        ? undefined
        : isFilled(quantization)
          ? (quantization['quant_method'] ?? quantization)
          : quantization,
      'take the checkpoint in float32, float16 or bfloat16; "rzero quantise" makes 4 bits of it',
    ],
  ];
  for (const [field, found, instead] of refused)
    if (found != null) throw new CheckpointError(`${path}: ${field} ${shown(found)} is not supported; ${instead}`);
}

/** Whether a value is an object with something in it. */
const isFilled = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

function parsed<T>(schema: z.ZodType<T>, value: unknown, path: string, within: readonly string[]): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CheckpointError(`${path}: ${[...within, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
}
