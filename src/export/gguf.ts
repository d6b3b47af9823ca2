import { CheckpointError, InternalError } from '../errors.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { fileShape } from '../lm/file-layout.js';
import { type Parameter, parameterLayout } from '../lm/parameters.js';
import { rotaryFrequencies } from '../lm/rotary.js';
import { bytesPerElement, type ExportDtype, type ExportFile, encodeTensor } from './export-file.js';
import { encodeEntry, encodeString, type GgufValue, uint32, uint64 } from './gguf-metadata.js';
import { type GgufVocabulary, vocabularyMetadata } from './gguf-vocabulary.js';
import type { WeightSource } from './weight-source.js';

/**
 * A decoder as a GGUF file (version 3), which llama.cpp and what is built on it load. Rules:
 * - tensors go to the file one after the other: no second copy of the model in memory;
 * - GGUF counts sizes from the fastest axis, so that a shape of [out, in] is written as [in, out];
 * - vectors are F32 whatever the type of the matrices, as llama.cpp wants them;
 * - llama.cpp turns neighbouring pairs for Llama where Hugging Face turns halves: query and key rows are reordered for it;
 * - rotary scaling is a tensor: what each pair's frequency is divided by.
 */
export interface GgufSettings {
  /** What the file calls the model. */
  readonly name: string;
  /** Type of the matrices. */
  readonly dtype: ExportDtype;
}

/** The file at `path`.
 *  @throws CheckpointError where GGUF has no architecture for the decoder. */
export function ggufFile(
  path: string,
  source: WeightSource,
  vocabulary: GgufVocabulary,
  settings: GgufSettings,
): ExportFile {
  const { config } = source;
  const tensors = ggufTensors(source, settings.dtype);
  const metadata = { ...ggufMetadata(config, settings), ...vocabularyMetadata(config.vocabularySize, vocabulary) };
  const header = ggufHeader(metadata, tensors);
  return {
    path,
    sizeBytes: tensors.reduce((sum, tensor) => sum + padded(sizeOf(tensor)), header.length),
    *chunks() {
      yield header;
      for (const tensor of tensors) {
        yield* encodeTensor(tensor.name, tensor.data(), tensor.dtype);
        yield new Uint8Array(padded(sizeOf(tensor)) - sizeOf(tensor));
      }
    },
  };
}

interface GgufTensor {
  readonly name: string;
  /** From the slowest axis on, as in the checkpoint's file. */
  readonly shape: readonly number[];
  readonly dtype: ExportDtype;
  readonly data: () => Float32Array;
}

function ggufTensors(source: WeightSource, dtype: ExportDtype): GgufTensor[] {
  const { config } = source;
  const tensors = parameterLayout(config).parameters.map((parameter): GgufTensor => {
    const shape = fileShape(parameter);
    return {
      name: ggufName(parameter.name),
      shape,
      dtype: shape.length === 1 ? 'f32' : dtype,
      data: () => reordered(config, parameter, source.tensor(parameter.name)),
    };
  });
  if (config.ropeScaling === null) return tensors;
  const factors = ropeFactors(config);
  return [{ name: 'rope_freqs.weight', shape: [factors.length], dtype: 'f32', data: () => factors }, ...tensors];
}

type Architecture = 'qwen3' | 'qwen2' | 'llama';
const [MAGIC, VERSION, ALIGNMENT] = ['GGUF', 3, 32] as const;
/** ggml's numbers of a tensor's type, and of a file whose matrices are of it. */
const TENSOR_TYPE: Readonly<Record<ExportDtype, number>> = { f32: 0, f16: 1, bf16: 30 };
const FILE_TYPE: Readonly<Record<ExportDtype, number>> = { f32: 0, f16: 1, bf16: 32 };

function architectureOf(config: DecoderConfig): Architecture {
  if (config.qkNorm && config.attentionBias)
    throw new CheckpointError('GGUF has no architecture with both query-key norms and attention biases');
  const queries = config.headCount * config.headSize;
  if (config.attentionBias && queries !== config.hiddenSize)
    throw new CheckpointError(
      `GGUF's architecture with attention biases wants queries of the hidden size ${config.hiddenSize}, got ${queries}`,
    );
  const architecture = config.qkNorm ? 'qwen3' : config.attentionBias ? 'qwen2' : 'llama';
  if (config.ropeScaling !== null && architecture !== 'llama')
    throw new CheckpointError(`GGUF's ${architecture} has no rotary scaling of Llama 3's kind`);
  return architecture;
}

/** All that stands before the first tensor's data, padded to the alignment. */
function ggufHeader(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Uint8Array {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from(MAGIC), uint32(VERSION), uint64(tensors.length), uint64(entries.length)];
  for (const [key, value] of entries) parts.push(encodeEntry(key, value));
  let offset = 0;
  for (const tensor of tensors) {
    const sizes = tensor.shape.toReversed();
    parts.push(encodeString(tensor.name), uint32(sizes.length), ...sizes.map(uint64));
    parts.push(uint32(TENSOR_TYPE[tensor.dtype]), uint64(offset));
    offset += padded(sizeOf(tensor));
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, new Uint8Array(padded(header.length) - header.length)]);
}

function ggufMetadata(config: DecoderConfig, { name, dtype }: GgufSettings): Record<string, GgufValue> {
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
    'general.name': text(name),
    'general.alignment': count(ALIGNMENT),
    'general.file_type': count(FILE_TYPE[dtype]),
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
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

/** A tensor as llama.cpp wants its rows: its Llama pairs row 2i with 2i + 1, ours i with i + S/2. */
function reordered(config: DecoderConfig, parameter: Parameter, data: Float32Array): Float32Array {
  if (architectureOf(config) !== 'llama' || !/\.[qk]_proj\./.test(parameter.name)) return data;
  const [rows = 0] = fileShape(parameter);
  const [width, half] = [data.length / rows, config.headSize / 2];
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const inHead = row % config.headSize;
    const from = row - inHead + (inHead % 2) * half + Math.floor(inHead / 2);
    result.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return result;
}

/** What llama.cpp divides each pair's plain frequency by. */
function ropeFactors(config: DecoderConfig): Float32Array {
  const plain = rotaryFrequencies({ ...config, ropeScaling: null });
  const scaled = rotaryFrequencies(config);
  return Float32Array.from(plain, (frequency, i) => frequency / (scaled[i] as number));
}

const sizeOf = ({ shape, dtype }: GgufTensor): number =>
  shape.reduce((size, dim) => size * dim, bytesPerElement(dtype));
const padded = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;
