import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CheckpointError } from '../../src/errors.js';
import { architectureFile, parseArchitecture } from '../../src/lm/architecture.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { LLAMA2_7B, LLAMA32_1B, PUBLISHED, QWEN3_4B, QWEN25_15B } from '../support/published-configs.js';
import { FAMILIES, LLAMA, QWEN2, QWEN3 } from '../support/small-models.js';

for (const [family, config] of FAMILIES) {
  for (const tiedEmbeddings of [true, false]) {
    test(`${family}, ${tiedEmbeddings ? 'tied' : 'untied'}: config.json is read back as it was written`, () => {
      const shape = { ...config, tiedEmbeddings };
      const json: unknown = JSON.parse(JSON.stringify(architectureFile(shape)));
      assert.deepEqual(parseArchitecture(json, 'config.json'), shape);
    });
  }
}

for (const [name, json, weightCount] of PUBLISHED) {
  test(`the published config.json of ${name} is read, with as many weights as it has, and written again`, () => {
    const config = parseArchitecture(json, 'config.json');
    assert.equal(parameterLayout(config).size, weightCount);
    const written: unknown = JSON.parse(JSON.stringify(architectureFile(config)));
    assert.deepEqual(parseArchitecture(written, 'config.json'), config);
  });
}

test('Qwen3 has norms of queries and keys and no biases, Qwen2 the reverse, Llama neither', () => {
  const flags = (json: unknown): unknown => {
    const { qkNorm, attentionBias } = parseArchitecture(json, 'config.json');
    return { qkNorm, attentionBias };
  };
  assert.deepEqual(flags(QWEN3_4B), { qkNorm: true, attentionBias: false });
  assert.deepEqual(flags(QWEN25_15B), { qkNorm: false, attentionBias: true });
  assert.deepEqual(flags(LLAMA2_7B), { qkNorm: false, attentionBias: false });
});

test('what a file leaves out has the defaults that transformers gives its family', () => {
  const { num_key_value_heads, tie_word_embeddings, max_position_embeddings, ...bare } = LLAMA2_7B;
  const llama = parseArchitecture(bare, 'config.json');
  assert.equal(llama.headSize, 128); // 4096 / 32
  assert.equal(llama.keyValueHeadCount, 32); // one for each head
  assert.equal(llama.tiedEmbeddings, false);
  assert.equal(llama.ropeTheta, 10_000);
  assert.equal(llama.maxPositions, 2048);
  const { head_dim, ...rest } = QWEN3_4B;
  assert.equal(parseArchitecture(rest, 'config.json').headSize, 128); // not 2560 / 32
  assert.equal(parseArchitecture({ ...rest, head_dim: null }, 'config.json').headSize, 80); // 2560 / 32
});

const LLAMA3_SCALING = { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 };

test('the rotary scaling of Llama 3 is read in the spellings of transformers 4, its older files, and transformers 5', () => {
  const { rope_scaling, rope_theta, ...rest } = LLAMA32_1B;
  const { rope_type, ...fields } = rope_scaling;
  for (const spelling of [
    { rope_theta, rope_scaling },
    { rope_theta, rope_scaling: { ...fields, type: rope_type } },
    { rope_parameters: { ...rope_scaling, rope_theta } },
    { rope_parameters: { ...rope_scaling, rope_theta }, rope_scaling: null, rope_theta: 10_000 },
  ]) {
    const config = parseArchitecture({ ...rest, ...spelling }, 'config.json');
    assert.deepEqual(config.ropeScaling, LLAMA3_SCALING);
    assert.equal(config.ropeTheta, 500_000);
  }
});

test('rotary parameters of type default are no scaling', () => {
  const { rope_theta, rope_scaling, ...rest } = QWEN3_4B;
  for (const rope of [{ rope_parameters: { rope_type: 'default', rope_theta } }, { rope_theta, rope_scaling: {} }]) {
    const config = parseArchitecture({ ...rest, ...rope }, 'config.json');
    assert.equal(config.ropeScaling, null);
    assert.equal(config.ropeTheta, 1_000_000);
  }
});

test('what does not change the numbers may be there or not, and hold anything', () => {
  const config = parseArchitecture(QWEN3_4B, 'config.json');
  const { eos_token_id, bos_token_id, torch_dtype, ...rest } = QWEN3_4B;
  for (const others of [
    {},
    { eos_token_id: [1, 2], dtype: 'float16' },
    { layer_types: Array.from({ length: 36 }, () => 'full_attention'), partial_rotary_factor: 1.0, unheard_of: {} },
    { sliding_window: 4096, use_sliding_window: false, attention_bias: null, quantization_config: null },
  ])
    assert.deepEqual(parseArchitecture({ ...rest, ...others }, 'config.json'), config);
});

test('a family has the parameters that its flags ask for, and no others', () => {
  const names = (config: typeof QWEN3): string =>
    parameterLayout(config)
      .parameters.map(({ name }) => name)
      .join(' ');
  assert.match(names(QWEN3), /q_norm/);
  assert.doesNotMatch(names(QWEN3), /bias|lm_head/);
  assert.doesNotMatch(names(LLAMA), /bias|q_norm/);
  assert.match(names(LLAMA), /lm_head/);
  assert.match(names(QWEN2), /q_proj.bias.*k_proj.bias.*v_proj.bias/);
  assert.doesNotMatch(names(QWEN2), /o_proj.bias|q_norm/);
});

test('parameters lie in the flat array without gap or overlap', () => {
  for (const [, config] of FAMILIES) {
    const { parameters, size } = parameterLayout(config);
    let offset = 0;
    for (const parameter of parameters) {
      assert.equal(parameter.offset, offset);
      assert.equal(
        parameter.size,
        parameter.shape.reduce((product, dim) => product * dim, 1),
      );
      offset += parameter.size;
    }
    assert.equal(offset, size);
  }
});

const scaling = (change: object): object => ({ rope_scaling: { ...LLAMA32_1B.rope_scaling, ...change } });

for (const [fault, change, message] of [
  ['an unknown family', { model_type: 'gemma3' }, 'model_type "gemma3" is not supported; there is qwen3, qwen2, llama'],
  ['no family', { model_type: undefined }, 'model_type is missing; there is qwen3, qwen2, llama'],
  [
    'a count that is not a number',
    { hidden_size: '2560' },
    'hidden_size: expected a whole number from 1 to 16777216, got "2560"',
  ],
  ['a count that is not whole', { hidden_size: 2560.5 }, 'hidden_size: expected a whole number'],
  ['no layers', { num_hidden_layers: 0 }, 'num_hidden_layers: expected a whole number from 1 to 10000, got 0'],
  [
    'layers without end',
    { num_hidden_layers: 1e12 },
    'num_hidden_layers: expected a whole number from 1 to 10000, got 1000000000000',
  ],
  [
    'a size that overflows',
    { vocab_size: 1e300 },
    'vocab_size: expected a whole number from 1 to 16777216, got 1e+300',
  ],
  [
    'sizes that overflow together',
    { hidden_size: 2 ** 24, intermediate_size: 2 ** 24, num_hidden_layers: 10_000 },
    'its sizes ask for about 8.4e+18 weights, more than any model has',
  ],
  ['no vocabulary size', { vocab_size: undefined }, 'vocab_size: is missing, a whole number'],
  ['another activation', { hidden_act: 'gelu' }, 'hidden_act "gelu" is not supported; there is silu'],
  ['an odd head size', { head_dim: 127 }, 'the head size must be an even integer, got 127'],
  ['heads that do not divide the hidden size', { head_dim: null, num_attention_heads: 24 }, 'the head size must be'],
  ['heads that cannot share keys evenly', { num_key_value_heads: 5 }, "32 attention heads can't share 5"],
  ['a base of rotation that is infinite', { rope_theta: Number.POSITIVE_INFINITY }, 'rope_theta: expected a number'],
  ['a window that is used', { use_sliding_window: true }, 'use_sliding_window true is not supported'],
  [
    'a layer with a window',
    { layer_types: ['full_attention', 'sliding_attention'] },
    'layer_types "sliding_attention" is not supported; there is full_attention',
  ],
  ['biases of all attention projections', { attention_bias: true }, 'attention_bias true is not supported'],
  ['feed-forward biases', { mlp_bias: true }, 'mlp_bias true is not supported'],
  ['heads that are rotated in part', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor 0.5 is not supported'],
  [
    'heads that are rotated in part, in the spelling of transformers 5',
    { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.25 } },
    'partial_rotary_factor 0.25 is not supported',
  ],
  [
    'quantised weights',
    { quantization_config: { quant_method: 'awq', bits: 4 } },
    'quantization_config "awq" is not supported; take the checkpoint in float32, float16 or bfloat16',
  ],
  ...['linear', 'dynamic', 'yarn', 'longrope'].map(
    (type) =>
      [
        `rotary scaling of type ${type}`,
        scaling({ rope_type: type }),
        `rope_scaling of type "${type}" is not supported; there is llama3, and default for none`,
      ] as const,
  ),
  ['scaling of no type', { rope_scaling: { factor: 2 } }, 'rope_scaling has a factor but no rope_type'],
  ['scaling that is no object', { rope_scaling: 'yarn' }, 'rope_scaling: expected an object, got "yarn"'],
  [
    'a rotation for each kind of layer',
    { rope_parameters: { full_attention: { rope_theta: 1e4 } } },
    'rope_parameters of its own for full_attention is not supported',
  ],
  ['a factor that shrinks', scaling({ factor: 0.5 }), 'rope_scaling.factor: expected a number from 1, got 0.5'],
  ['a factor that is missing', scaling({ factor: undefined }), 'rope_scaling.factor: is missing'],
  [
    'factors in the wrong order',
    scaling({ low_freq_factor: 4 }),
    'rope_scaling.high_freq_factor: expected a number above low_freq_factor 4, got 4',
  ],
  [
    'no original window',
    scaling({ original_max_position_embeddings: 0 }),
    'rope_scaling.original_max_position_embeddings: expected a whole number',
  ],
] as const) {
  test(`${fault}: the error names the file and the field`, () => {
    assert.throws(
      () => parseArchitecture({ ...QWEN3_4B, ...change }, 'some/config.json'),
      (error) => error instanceof CheckpointError && error.message.startsWith(`some/config.json: ${message}`),
    );
  });
}

test('a value of a megabyte is cut in the sentence about it', () => {
  assert.throws(
    () => parseArchitecture({ ...QWEN3_4B, hidden_size: 'x'.repeat(1e6) }, 'config.json'),
    (error) => error instanceof CheckpointError && error.message.length < 200,
  );
});

test('a file that is no object is refused', () => {
  assert.throws(() => parseArchitecture([1, 2], 'some/config.json'), CheckpointError);
});

test('whatever stands in a file, it is a decoder of sound sizes or one sentence', () => {
  const fields = Object.keys({
    ...LLAMA32_1B,
    ...QWEN3_4B,
    rope_parameters: 0,
    layer_types: 0,
    quantization_config: 0,
  });
  const rope = {
    rope_scaling: fc.dictionary(fc.constantFrom(...Object.keys(LLAMA32_1B.rope_scaling)), fc.jsonValue()),
  };
  const hostile = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom('llama3', 'default', 2 ** 53, -1, [], {}));
  const changes = fc.oneof(fc.dictionary(fc.constantFrom(...fields), hostile, { maxKeys: 3 }), fc.record(rope));
  fc.assert(
    fc.property(fc.constantFrom(QWEN3_4B, LLAMA32_1B), changes, (file, change) => {
      try {
        const config = parseArchitecture({ ...file, ...change }, 'config.json');
        assert.ok(config.layerCount <= 10_000 && parameterLayout(config).size <= 2 ** 40);
        const { ropeScaling, ...rest } = config;
        for (const value of [...Object.values(rest), ...Object.values(ropeScaling ?? {})])
          assert.ok(typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)));
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
        assert.match(error.message, /^config\.json: .{1,300}$/);
      }
    }),
    { numRuns: 2000 },
  );
});
