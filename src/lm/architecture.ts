import { z } from 'zod';
import { CheckpointError } from '../errors.js';

/** The shape of a decoder: Qwen3, Llama and Qwen2 are flags of one model. */
export interface DecoderConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  readonly feedForwardSize: number;
  /** RMSNorm of each query and key head (Qwen3). */
  readonly qkNorm: boolean;
  /** Biases of the query, key and value projections (Qwen2). */
  readonly attentionBias: boolean;
  /** The output matrix is the embedding. */
  readonly tiedEmbeddings: boolean;
  readonly ropeTheta: number;
  /** How Llama 3 stretches its rotary frequencies; null where they are plain. */
  readonly ropeScaling: RopeScaling | null;
  readonly normEpsilon: number;
  readonly maxPositions: number;
}

/** Rotary scaling of type `llama3`, by config.json's names: `factor`, `low_freq_factor`, `high_freq_factor` and
 *  `original_max_position_embeddings`. */
export interface RopeScaling {
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalMaxPositions: number;
}

const count = z.int().min(1);
const configFile = z.looseObject({
  model_type: z.enum(['qwen3', 'llama', 'qwen2']),
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.optional(),
  head_dim: count.nullish(),
  intermediate_size: count,
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  rope_theta: z.number().gt(0).default(10_000),
  rope_scaling: z.null().optional(),
  rms_norm_eps: z.number().gt(0).default(1e-6),
  max_position_embeddings: count,
  hidden_act: z.literal('silu').default('silu'),
});

/** The decoder that a parsed config.json describes.
 *  @throws CheckpointError naming the field that is missing or not supported. */
export function parseArchitecture(json: unknown, path: string): DecoderConfig {
  const parsed = configFile.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new CheckpointError(
      `${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not a model configuration'}`,
    );
  }
  const file = parsed.data;
  const config: DecoderConfig = {
    vocabularySize: file.vocab_size,
    hiddenSize: file.hidden_size,
    layerCount: file.num_hidden_layers,
    headCount: file.num_attention_heads,
    keyValueHeadCount: file.num_key_value_heads ?? file.num_attention_heads,
    headSize: file.head_dim ?? file.hidden_size / file.num_attention_heads,
    feedForwardSize: file.intermediate_size,
    qkNorm: file.model_type === 'qwen3',
    attentionBias: file.attention_bias || file.model_type === 'qwen2',
    tiedEmbeddings: file.tie_word_embeddings,
    ropeTheta: file.rope_theta,
    ropeScaling: null,
    normEpsilon: file.rms_norm_eps,
    maxPositions: file.max_position_embeddings,
  };
  if (!Number.isInteger(config.headSize) || config.headSize % 2 !== 0) {
    throw new CheckpointError(`${path}: the head size must be an even integer, got ${config.headSize}`);
  }
  if (config.headCount % config.keyValueHeadCount !== 0) {
    throw new CheckpointError(
      `${path}: ${config.headCount} attention heads can't share ${config.keyValueHeadCount} key-value heads evenly`,
    );
  }
  return config;
}

/** The config.json that {@link parseArchitecture} reads back. */
export function architectureFile(config: DecoderConfig): Record<string, unknown> {
  const family = config.qkNorm ? 'qwen3' : config.attentionBias ? 'qwen2' : 'llama';
  const architectures = { qwen3: 'Qwen3ForCausalLM', qwen2: 'Qwen2ForCausalLM', llama: 'LlamaForCausalLM' };
  return {
    architectures: [architectures[family]],
    model_type: family,
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layerCount,
    num_attention_heads: config.headCount,
    num_key_value_heads: config.keyValueHeadCount,
    head_dim: config.headSize,
    intermediate_size: config.feedForwardSize,
    hidden_act: 'silu',
    attention_bias: config.attentionBias,
    tie_word_embeddings: config.tiedEmbeddings,
    rope_theta: config.ropeTheta,
    rms_norm_eps: config.normEpsilon,
    max_position_embeddings: config.maxPositions,
    torch_dtype: 'float32',
  };
}
