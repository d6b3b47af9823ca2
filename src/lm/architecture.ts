import { CheckpointError } from '../errors.js';
import { FAMILY_DEFAULTS, readFields, readRope } from './config-file.js';

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

/** More weights than any model has; sizes are multiplied without overflow up to here. */
const MOST_WEIGHTS = 2 ** 40;

/** The decoder that a parsed config.json describes.
 *  @throws CheckpointError naming the field that is missing, odd or not supported. */
export function parseArchitecture(json: unknown, path: string): DecoderConfig {
  const file = readFields(json, path);
  const { theta, scaling } = readRope(file, path);
  const { family, hidden_size: hiddenSize, num_attention_heads: headCount } = file;
  const defaults = FAMILY_DEFAULTS[family];
  const headSize = file.head_dim === undefined ? defaults.headSize : file.head_dim;
  const keyValueHeads = file.num_key_value_heads === undefined ? defaults.keyValueHeadCount : file.num_key_value_heads;
  const config: DecoderConfig = {
    vocabularySize: file.vocab_size,
    hiddenSize,
    layerCount: file.num_hidden_layers,
    headCount,
    keyValueHeadCount: keyValueHeads ?? headCount,
    headSize: headSize ?? hiddenSize / headCount,
    feedForwardSize: file.intermediate_size,
    qkNorm: family === 'qwen3',
    attentionBias: family === 'qwen2',
    tiedEmbeddings: file.tie_word_embeddings ?? false,
    ropeTheta: theta,
    ropeScaling: scaling && {
      factor: scaling.factor,
      lowFrequencyFactor: scaling.low_freq_factor,
      highFrequencyFactor: scaling.high_freq_factor,
      originalMaxPositions: scaling.original_max_position_embeddings,
    },
    normEpsilon: file.rms_norm_eps,
    maxPositions: file.max_position_embeddings ?? defaults.maxPositions,
  };
  const fault = faultOf(config);
  if (fault !== null) throw new CheckpointError(`${path}: ${fault}`);
  return config;
}

/** Why no decoder has these sizes together; null where one has. */
function faultOf(config: DecoderConfig): string | null {
  const { headSize, headCount, keyValueHeadCount, hiddenSize, vocabularySize, layerCount, feedForwardSize } = config;
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    return `the head size must be an even integer, got ${headSize} (head_dim, or hidden_size / num_attention_heads)`;
  if (headCount % keyValueHeadCount !== 0)
    return `${headCount} attention heads can't share ${keyValueHeadCount} key-value heads evenly`;
  const ofLayer = 2 * (headCount + keyValueHeadCount) * headSize + 3 * feedForwardSize;
  const weightCount = hiddenSize * (2 * vocabularySize + layerCount * ofLayer);
  if (weightCount > MOST_WEIGHTS)
    return `its sizes ask for about ${weightCount.toExponential(1)} weights, more than any model has`;
  return null;
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
    ...(config.ropeScaling === null ? {} : { rope_scaling: ropeScalingFile(config.ropeScaling) }),
    rms_norm_eps: config.normEpsilon,
    max_position_embeddings: config.maxPositions,
    torch_dtype: 'float32',
  };
}

const ropeScalingFile = (scaling: RopeScaling): Record<string, unknown> => ({
  rope_type: 'llama3',
  factor: scaling.factor,
  low_freq_factor: scaling.lowFrequencyFactor,
  high_freq_factor: scaling.highFrequencyFactor,
  original_max_position_embeddings: scaling.originalMaxPositions,
});
