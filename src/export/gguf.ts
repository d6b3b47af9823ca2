import { CheckpointError, InternalError } from '../errors.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { type Parameter, parameterLayout } from '../lm/parameters.js';
import { type Append, writeAside } from '../write-aside.js';
import { encodeEntry, encodeString, type GgufValue, uint32, uint64 } from './gguf-metadata.js';

/**
 * A decoder as a GGUF file (version 3, all F32), which llama.cpp and what is built on it load. Rules:
 * - tensors go to the file one after the other, projections turned block by block: no second copy of the model in memory;
 * - GGUF counts sizes from the fastest axis, so that our [in, out] is written as it stands, with the data as [out, in];
 * - llama.cpp turns neighbouring pairs for Llama where Hugging Face turns halves: query and key rows are reordered for it.
 */

/** How a file's reader spells tokens. */
export interface GgufVocabulary {
  /** llama.cpp's tokenizer model: `gpt2` is byte-level BPE, `rwkv` the longest token that fits. */
  readonly model: string;
  /** llama.cpp's name of the pre-tokenizer, such as `qwen2`. */
  readonly preTokenizer: string;
  /** By id, as the vocabulary spells them; ids up to the model's vocabulary size that are not here are filled up. */
  readonly tokens: readonly string[];
  readonly specialIds: ReadonlySet<number>;
  readonly merges: readonly string[];
  readonly endOfSequenceId: number | null;
  readonly unknownId: number | null;
}

/** Writes `weights`, flat as `parameters.ts` lays them out, to `file`. Without a vocabulary its tokens are named by
 *  their ids, `[0]` and so on: enough for a reader that is given ids.
 *  @throws CheckpointError where GGUF has no architecture for the decoder, or the file can't be written. */
export function writeGguf(
  file: string,
  config: DecoderConfig,
  weights: Float32Array,
  vocabulary: GgufVocabulary = numberedVocabulary(config.vocabularySize),
): void {
  const layout = parameterLayout(config);
  if (weights.length !== layout.size)
    throw new InternalError(`expected ${layout.size} weights for this shape, got ${weights.length}`);
  const header = ggufHeader(config, layout.parameters, vocabulary);
  writeAside(file, (append) => {
    append(header);
    for (const parameter of layout.parameters) appendTensor(append, config, parameter, weights);
  });
}

/** Tokens named by their ids. As `no_vocab`, node-llama-cpp aborts while loading: it always makes a tokenizer. As `gpt2`
 *  or `llama`, llama.cpp takes some ordinary token for the end of a sequence; as `rwkv` it takes none, and needs one for
 *  text that no token spells. */
function numberedVocabulary(size: number): GgufVocabulary {
  return {
    model: 'rwkv',
    preTokenizer: 'default',
    tokens: Array.from({ length: size }, (_, id) => `[${id}]`),
    specialIds: new Set(),
    merges: [],
    endOfSequenceId: null,
    unknownId: 0,
  };
}

type Architecture = 'qwen3' | 'qwen2' | 'llama';
const [MAGIC, VERSION, ALIGNMENT, F32] = ['GGUF', 3, 32, 0] as const;
/** Bytes of a turned block: small beside a model, large beside a system call. */
const BLOCK_BYTES = 4 * 2 ** 20;

function architectureOf(config: DecoderConfig): Architecture {
  if (config.qkNorm && config.attentionBias)
    throw new CheckpointError('GGUF has no architecture with both query-key norms and attention biases');
  const queries = config.headCount * config.headSize;
  if (config.attentionBias && queries !== config.hiddenSize)
    throw new CheckpointError(
      `GGUF's architecture with attention biases wants queries of the hidden size ${config.hiddenSize}, got ${queries}`,
    );
  return config.qkNorm ? 'qwen3' : config.attentionBias ? 'qwen2' : 'llama';
}

/** All that stands before the first tensor's data, padded to the alignment. */
function ggufHeader(config: DecoderConfig, parameters: readonly Parameter[], vocabulary: GgufVocabulary): Uint8Array {
  const metadata = Object.entries(ggufMetadata(config, vocabulary));
  const parts = [Buffer.from(MAGIC), uint32(VERSION), uint64(parameters.length), uint64(metadata.length)];
  for (const [key, value] of metadata) parts.push(encodeEntry(key, value));
  let offset = 0;
  for (const parameter of parameters) {
    const sizes = parameter.kind === 'projection' ? parameter.shape : parameter.shape.toReversed();
    parts.push(encodeString(ggufName(parameter.name)), uint32(sizes.length), ...sizes.map(uint64));
    parts.push(uint32(F32), uint64(offset));
    offset += padded(parameter.size * 4);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, new Uint8Array(padded(header.length) - header.length)]);
}

function ggufMetadata(config: DecoderConfig, vocabulary: GgufVocabulary): Record<string, GgufValue> {
  const architecture = architectureOf(config);
  const count = (value: number): GgufValue => ({ type: 'uint32', value });
  const real = (value: number): GgufValue => ({ type: 'float32', value });
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const own: Record<string, GgufValue> = {
    vocab_size: count(config.vocabularySize),
    context_length: count(config.maxPositions),
    embedding_length: count(config.hiddenSize),
    block_count: count(config.layerCount),
    feed_forward_length: count(config.feedForwardSize),
    'attention.head_count': count(config.headCount),
    'attention.head_count_kv': count(config.keyValueHeadCount),
    'attention.key_length': count(config.headSize),
    'attention.value_length': count(config.headSize),
    'attention.layer_norm_rms_epsilon': real(config.normEpsilon),
    'rope.freq_base': real(config.ropeTheta),
    'rope.dimension_count': count(config.headSize),
  };
  return {
    'general.architecture': text(architecture),
    'general.name': text('rzero'),
    'general.alignment': count(ALIGNMENT),
    'general.file_type': count(F32),
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
    ...vocabularyMetadata(config.vocabularySize, vocabulary),
  };
}

const TOKEN_TYPE = { normal: 1, control: 3, unused: 5 } as const;

function vocabularyMetadata(size: number, vocabulary: GgufVocabulary): Record<string, GgufValue> {
  const ids = [...Array(size).keys()];
  const typeOf = (id: number): number =>
    id >= vocabulary.tokens.length
      ? TOKEN_TYPE.unused
      : vocabulary.specialIds.has(id)
        ? TOKEN_TYPE.control
        : TOKEN_TYPE.normal;
  const special = (name: string, id: number | null): Record<string, GgufValue> =>
    id === null ? {} : { [`tokenizer.ggml.${name}_token_id`]: { type: 'uint32', value: id } };
  return {
    'tokenizer.ggml.model': { type: 'string', value: vocabulary.model },
    'tokenizer.ggml.pre': { type: 'string', value: vocabulary.preTokenizer },
    'tokenizer.ggml.tokens': { type: 'strings', value: ids.map((id) => vocabulary.tokens[id] ?? `[PAD${id}]`) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: ids.map(typeOf) },
    'tokenizer.ggml.merges': { type: 'strings', value: vocabulary.merges },
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: false },
    ...special('eos', vocabulary.endOfSequenceId),
    ...special('unknown', vocabulary.unknownId),
  };
}

const TOP_NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};
const LAYER_NAMES: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** llama.cpp's name of a tensor, from Hugging Face's. */
function ggufName(name: string): string {
  const top = TOP_NAMES[name];
  if (top !== undefined) return top;
  const { layer, part, kind } =
    /^model\.layers\.(?<layer>\d+)\.(?<part>.+)\.(?<kind>weight|bias)$/.exec(name)?.groups ?? {};
  const own = LAYER_NAMES[part ?? ''];
  if (own === undefined) throw new InternalError(`no GGUF name for the tensor ${name}`);
  return `blk.${layer}.${own}.${kind}`;
}

function appendTensor(append: Append, config: DecoderConfig, parameter: Parameter, weights: Float32Array): void {
  const data = weights.subarray(parameter.offset, parameter.offset + parameter.size);
  const order = rowOrder(config, parameter);
  if (parameter.kind === 'projection') appendTurned(append, data, parameter.shape[0] as number, order);
  else append(bytesOf(order === identity ? data : data.map((_, row) => data[order(row)] as number)));
  append(new Uint8Array(padded(data.byteLength) - data.byteLength));
}

/** [in, out] → [out, in], a block of output rows at a time: each input row is then read in runs, not element by element. */
function appendTurned(append: Append, data: Float32Array, inSize: number, order: (row: number) => number): void {
  const outSize = data.length / inSize;
  const rows = Math.max(1, Math.min(outSize, Math.floor(BLOCK_BYTES / 4 / inSize)));
  const block = new Float32Array(rows * inSize);
  for (let start = 0; start < outSize; start += rows) {
    const end = Math.min(outSize, start + rows);
    const from = Array.from({ length: end - start }, (_, i) => order(start + i));
    for (let i = 0; i < inSize; i++) {
      for (let r = 0; r < from.length; r++) block[r * inSize + i] = data[i * outSize + (from[r] as number)] as number;
    }
    append(bytesOf(block.subarray(0, from.length * inSize)));
  }
}

const identity = (row: number): number => row;

/** Which of our rows stands at a row of the file: llama.cpp's Llama pairs row 2i with 2i + 1, ours i with i + S/2. */
function rowOrder(config: DecoderConfig, { name }: Parameter): (row: number) => number {
  if (architectureOf(config) !== 'llama' || !/\.[qk]_proj\./.test(name)) return identity;
  const half = config.headSize / 2;
  return (row) => {
    const inHead = row % config.headSize;
    return row - inHead + (inHead % 2) * half + Math.floor(inHead / 2);
  };
}

const padded = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;
const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
