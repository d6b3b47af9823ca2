/** config.json files as published, but for fields that say nothing of the numbers; with the number of weights that each
 *  model's authors give it. */

const qwen3 = {
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151643,
  head_dim: 128,
  hidden_act: 'silu',
  initializer_range: 0.02,
  model_type: 'qwen3',
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 1000000,
  sliding_window: null,
  torch_dtype: 'bfloat16',
  use_cache: true,
  use_sliding_window: false,
  vocab_size: 151936,
};

const qwen2 = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0.0,
  hidden_act: 'silu',
  model_type: 'qwen2',
  rms_norm_eps: 1e-6,
  torch_dtype: 'bfloat16',
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 151936,
};

const llama3 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
  hidden_act: 'silu',
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: 'llama',
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_theta: 500000.0,
  torch_dtype: 'bfloat16',
  vocab_size: 128256,
};

const llama3Scaling = {
  high_freq_factor: 4.0,
  low_freq_factor: 1.0,
  original_max_position_embeddings: 8192,
  rope_type: 'llama3',
};

/** Qwen/Qwen3-4B-Base. */
export const QWEN3_4B = {
  ...qwen3,
  hidden_size: 2560,
  intermediate_size: 9728,
  max_position_embeddings: 32768,
  max_window_layers: 36,
  num_attention_heads: 32,
  num_hidden_layers: 36,
  tie_word_embeddings: true,
};

/** Qwen/Qwen2.5-1.5B: no head_dim, and a window that is not used. */
export const QWEN25_15B = {
  ...qwen2,
  hidden_size: 1536,
  intermediate_size: 8960,
  max_position_embeddings: 131072,
  max_window_layers: 28,
  num_attention_heads: 12,
  num_hidden_layers: 28,
  num_key_value_heads: 2,
  rope_theta: 1000000.0,
  sliding_window: 131072,
  tie_word_embeddings: true,
};

/** meta-llama/Llama-3.2-1B. */
export const LLAMA32_1B = {
  ...llama3,
  head_dim: 64,
  hidden_size: 2048,
  intermediate_size: 8192,
  num_attention_heads: 32,
  num_hidden_layers: 16,
  rope_scaling: { ...llama3Scaling, factor: 32.0 },
  tie_word_embeddings: true,
};

/** meta-llama/Llama-3.2-3B, of which OctoThinker-3B is a continuation. */
export const LLAMA32_3B = {
  ...llama3,
  head_dim: 128,
  hidden_size: 3072,
  intermediate_size: 8192,
  num_attention_heads: 24,
  num_hidden_layers: 28,
  rope_scaling: { ...llama3Scaling, factor: 32.0 },
  tie_word_embeddings: true,
};

/** meta-llama/Llama-2-7b-hf as first published: no rope_theta, no head_dim. */
export const LLAMA2_7B = {
  architectures: ['LlamaForCausalLM'],
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 11008,
  max_position_embeddings: 4096,
  model_type: 'llama',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 32,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  tie_word_embeddings: false,
  torch_dtype: 'float16',
  vocab_size: 32000,
};

export const PUBLISHED: readonly (readonly [name: string, json: Record<string, unknown>, weightCount: number])[] = [
  [
    'Qwen/Qwen3-0.6B',
    {
      ...qwen3,
      eos_token_id: 151645,
      hidden_size: 1024,
      intermediate_size: 3072,
      max_position_embeddings: 40960,
      max_window_layers: 28,
      num_attention_heads: 16,
      num_hidden_layers: 28,
      tie_word_embeddings: true,
    },
    596_049_920,
  ],
  [
    'Qwen/Qwen3-1.7B-Base',
    {
      ...qwen3,
      hidden_size: 2048,
      intermediate_size: 6144,
      max_position_embeddings: 32768,
      max_window_layers: 28,
      num_attention_heads: 16,
      num_hidden_layers: 28,
      tie_word_embeddings: true,
    },
    1_720_574_976,
  ],
  ['Qwen/Qwen3-4B-Base', QWEN3_4B, 4_022_468_096],
  [
    'Qwen/Qwen3-8B-Base',
    {
      ...qwen3,
      hidden_size: 4096,
      intermediate_size: 12288,
      max_position_embeddings: 32768,
      max_window_layers: 36,
      num_attention_heads: 32,
      num_hidden_layers: 36,
      tie_word_embeddings: false,
    },
    8_190_735_360,
  ],
  ['Qwen/Qwen2.5-1.5B', QWEN25_15B, 1_543_714_304],
  [
    'Qwen/Qwen2.5-7B',
    {
      ...qwen2,
      hidden_size: 3584,
      intermediate_size: 18944,
      max_position_embeddings: 131072,
      max_window_layers: 28,
      num_attention_heads: 28,
      num_hidden_layers: 28,
      num_key_value_heads: 4,
      rope_theta: 1000000.0,
      sliding_window: 131072,
      tie_word_embeddings: false,
      vocab_size: 152064,
    },
    7_615_616_512,
  ],
  ['meta-llama/Llama-2-7b-hf', LLAMA2_7B, 6_738_415_616],
  [
    'meta-llama/Llama-3.1-8B',
    {
      ...llama3,
      hidden_size: 4096,
      intermediate_size: 14336,
      num_attention_heads: 32,
      num_hidden_layers: 32,
      rope_scaling: { ...llama3Scaling, factor: 8.0 },
      tie_word_embeddings: false,
    },
    8_030_261_248,
  ],
  ['meta-llama/Llama-3.2-1B', LLAMA32_1B, 1_235_814_400],
  ['meta-llama/Llama-3.2-3B', LLAMA32_3B, 3_212_749_824],
];
