import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import { architectureFile, parseArchitecture } from '../../src/lm/architecture.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { FAMILIES, LLAMA, QWEN2, QWEN3 } from '../support/small-models.js';

/** The config.json of Qwen/Qwen3-4B-Base as published, but for fields that say nothing about the shape. */
const QWEN3_4B = {
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 2560,
  intermediate_size: 9728,
  max_position_embeddings: 32768,
  model_type: 'qwen3',
  num_attention_heads: 32,
  num_hidden_layers: 36,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 1000000,
  sliding_window: null,
  tie_word_embeddings: true,
  use_cache: true,
  vocab_size: 151936,
};

for (const [family, config] of FAMILIES) {
  for (const tiedEmbeddings of [true, false]) {
    test(`${family}, ${tiedEmbeddings ? 'tied' : 'untied'}: config.json is read back as it was written`, () => {
      const shape = { ...config, tiedEmbeddings };
      const json: unknown = JSON.parse(JSON.stringify(architectureFile(shape)));
      assert.deepEqual(parseArchitecture(json, 'config.json'), shape);
    });
  }
}

test('the published config.json of Qwen3-4B-Base is read, with 4.02 billion weights', () => {
  const config = parseArchitecture(QWEN3_4B, 'config.json');
  assert.equal(config.headSize, 128);
  assert.equal(config.qkNorm, true);
  // 151936·2560 + 2560 + 36·(2·2560·4096 + 2·2560·1024 + 3·2560·9728 + 2·2560 + 2·128)
  assert.equal(parameterLayout(config).size, 4_022_468_096);
});

test('what a file leaves out has the defaults of its family', () => {
  const { head_dim, num_key_value_heads, tie_word_embeddings, rope_theta, ...rest } = QWEN3_4B;
  const config = parseArchitecture({ ...rest, model_type: 'llama' }, 'config.json');
  assert.equal(config.headSize, 80); // 2560 / 32
  assert.equal(config.keyValueHeadCount, 32);
  assert.equal(config.tiedEmbeddings, false);
  assert.equal(config.ropeTheta, 10_000);
  assert.deepEqual([config.qkNorm, config.attentionBias], [false, false]);
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

for (const [fault, change, message] of [
  ['an unknown family', { model_type: 'gpt2' }, /model_type/],
  ['a count that is not a number', { hidden_size: '2560' }, /hidden_size/],
  ['no layers', { num_hidden_layers: 0 }, /num_hidden_layers/],
  ['no vocabulary size', { vocab_size: undefined }, /vocab_size/],
  ['another activation', { hidden_act: 'gelu' }, /hidden_act/],
  ['rope scaling, which is not supported', { rope_scaling: { type: 'linear', factor: 2 } }, /rope_scaling/],
  ['an odd head size', { head_dim: 127 }, /head size must be an even integer, got 127/],
  ['heads that do not divide the hidden size', { head_dim: null, num_attention_heads: 24 }, /head size/],
  ['heads that cannot share keys evenly', { num_key_value_heads: 5 }, /32 attention heads can't share 5/],
] as const) {
  test(`${fault}: the error names the file and the field`, () => {
    assert.throws(
      () => parseArchitecture({ ...QWEN3_4B, ...change }, 'some/config.json'),
      (error) =>
        error instanceof CheckpointError &&
        error.message.startsWith('some/config.json: ') &&
        message.test(error.message),
    );
  });
}

test('a file that is no object is refused', () => {
  assert.throws(() => parseArchitecture([1, 2], 'some/config.json'), CheckpointError);
});
