import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExportDtype } from '../../src/export/export-file.js';
import { ggufFile } from '../../src/export/gguf.js';
import { type GgufVocabulary, numberedVocabulary } from '../../src/export/gguf-vocabulary.js';
import { flatSource } from '../../src/export/weight-source.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { LLAMA, QWEN2 as OTHER_QWEN2, QWEN3, sharpWeights } from '../support/small-models.js';
import { type GgufFile, readGguf } from './read-gguf.js';

/** llama.cpp's Qwen2 has queries of the hidden size: 4 heads of 4 here. */
const QWEN2 = { ...OTHER_QWEN2, headSize: 4 };
const FAMILIES = [
  ['Qwen3', QWEN3],
  ['Llama', LLAMA],
  ['Qwen2', QWEN2],
] as const;

/** What the file of a small model holds, and the weights that it was made from. */
function written(
  config: DecoderConfig,
  vocabulary: GgufVocabulary = numberedVocabulary(config.vocabularySize, null),
  dtype: ExportDtype = 'f32',
) {
  const weights = sharpWeights(config, 5);
  const file = ggufFile('model.gguf', flatSource(config, weights), vocabulary, { name: 'rzero', dtype });
  const bytes = Buffer.concat([...file.chunks()]);
  assert.equal(bytes.length, file.sizeBytes);
  return { gguf: readGguf(bytes), weights };
}

/** Our parameter as [rows][columns] in the file's order of elements: Hugging Face's. */
function rowsOf(config: DecoderConfig, weights: Float32Array, name: string): number[][] {
  const parameter = parameterLayout(config).parameters.find((each) => each.name === name);
  assert.ok(parameter, name);
  const { shape, kind, offset, size } = parameter;
  const flat = [...weights.subarray(offset, offset + size)];
  const [first = 0, second = 1] = shape;
  if (kind !== 'projection') return Array.from({ length: first }, (_, r) => flat.slice(r * second, (r + 1) * second));
  return Array.from({ length: second }, (_, out) =>
    Array.from({ length: first }, (_, i) => flat[i * second + out] ?? 0),
  );
}

/** llama.cpp's convert_hf_to_gguf.py: reshape(heads, 2, S/2, …).swapaxes(1, 2). */
function permuted(rows: readonly number[][], headSize: number): number[][] {
  const half = headSize / 2;
  return rows.map((_, row) => {
    const [head, inHead] = [Math.floor(row / headSize), row % headSize];
    const [pair, side] = [Math.floor(inHead / 2), inHead % 2];
    return rows[head * headSize + side * half + pair] ?? [];
  });
}

const data = (gguf: GgufFile, name: string): number[] => [...(gguf.tensors.get(name)?.data ?? [])];

for (const [family, config] of FAMILIES) {
  test(`every tensor of a ${family} stands in the file, aligned, one after the other, to its end`, () => {
    const { gguf } = written(config);
    assert.equal(gguf.version, 3);
    assert.equal(gguf.tensors.size, parameterLayout(config).parameters.length);
    let end = 0;
    for (const [name, { offset, sizes, sizeBytes, data }] of gguf.tensors) {
      assert.equal(offset % 32, 0, name);
      assert.equal(offset, end, name);
      end = Math.ceil((offset + sizeBytes) / 32) * 32;
      assert.equal(
        data.length,
        sizes.reduce((product, size) => product * size, 1),
      );
    }
    assert.equal(gguf.dataSize, end);
  });

  test(`the metadata of a ${family} is its shape, under its architecture`, () => {
    const { gguf } = written(config);
    const architecture = family.toLowerCase();
    assert.equal(gguf.metadata.get('general.architecture'), architecture);
    const own = (key: string): unknown => gguf.metadata.get(`${architecture}.${key}`);
    assert.equal(own('vocab_size'), 24);
    assert.equal(own('context_length'), 64);
    assert.equal(own('embedding_length'), 16);
    assert.equal(own('block_count'), 2);
    assert.equal(own('feed_forward_length'), 20);
    assert.equal(own('attention.head_count'), 4);
    assert.equal(own('attention.head_count_kv'), 2);
    assert.equal(own('attention.key_length'), config.headSize);
    assert.equal(own('attention.value_length'), config.headSize);
    assert.equal(own('attention.layer_norm_rms_epsilon'), Math.fround(1e-6));
    assert.equal(own('rope.freq_base'), 10_000);
  });
}

test('a projection is turned: [in, out] here is [out, in] there, sizes counted from the fastest', () => {
  const { gguf, weights } = written(QWEN3);
  assert.deepEqual(gguf.tensors.get('blk.1.ffn_gate.weight')?.sizes, [16, 20]); // rows of 16, the input's size
  for (const [name, ours] of [
    ['blk.1.ffn_gate.weight', 'model.layers.1.mlp.gate_proj.weight'],
    ['blk.0.attn_output.weight', 'model.layers.0.self_attn.o_proj.weight'],
    ['blk.0.attn_q.weight', 'model.layers.0.self_attn.q_proj.weight'],
    ['token_embd.weight', 'model.embed_tokens.weight'],
    ['blk.1.attn_k_norm.weight', 'model.layers.1.self_attn.k_norm.weight'],
  ] as const)
    assert.deepEqual(data(gguf, name), rowsOf(QWEN3, weights, ours).flat(), name);
});

test("a Llama's query and key rows are in llama.cpp's order, its value rows are not moved", () => {
  const { gguf, weights } = written(LLAMA);
  const rows = (name: string): number[][] => rowsOf(LLAMA, weights, `model.layers.0.self_attn.${name}_proj.weight`);
  assert.deepEqual(data(gguf, 'blk.0.attn_q.weight'), permuted(rows('q'), 6).flat());
  assert.deepEqual(data(gguf, 'blk.0.attn_k.weight'), permuted(rows('k'), 6).flat());
  assert.deepEqual(data(gguf, 'blk.0.attn_v.weight'), rows('v').flat());
});

test('a Qwen2 has its biases, as they are', () => {
  const { gguf, weights } = written(QWEN2);
  const bias = rowsOf(QWEN2, weights, 'model.layers.1.self_attn.k_proj.bias').flat();
  assert.deepEqual(data(gguf, 'blk.1.attn_k.bias'), bias);
});

test('tied embeddings have no output matrix, others have', () => {
  assert.equal(written(QWEN3).gguf.tensors.has('output.weight'), false);
  assert.equal(written(LLAMA).gguf.tensors.has('output.weight'), true);
});

test('a vocabulary is written by id, filled up to the size of the model', () => {
  const token = (text: string, type: 'normal' | 'control') => ({ text, type, score: 0 });
  const { gguf } = written(QWEN3, {
    model: 'gpt2',
    preTokenizer: 'qwen2',
    tokens: [
      token('a', 'normal'),
      token('[PAD3]', 'normal'),
      token('<end>', 'control'),
      undefined,
      token('a', 'normal'),
    ],
    merges: ['a b'],
    special: { bos: null, eos: 2, unknown: null, padding: null },
    addBos: false,
    addSpacePrefix: false,
    chatTemplate: '{{ messages }}',
  });
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens') as string[];
  assert.equal(tokens.length, 24);
  // llama.cpp refuses a text that two tokens have: the second is one that is never used, and no name is taken twice.
  assert.deepEqual(tokens.slice(0, 6), ['a', '[PAD3]', '<end>', '[[PAD3]]', '[PAD4]', '[PAD5]']);
  const [normal, control, unused] = [1, 3, 5];
  const types = gguf.metadata.get('tokenizer.ggml.token_type') as number[];
  assert.deepEqual(types.slice(0, 6), [normal, normal, control, unused, unused, unused]);
  assert.deepEqual(gguf.metadata.get('tokenizer.ggml.merges'), ['a b']);
  assert.equal(gguf.metadata.get('tokenizer.ggml.eos_token_id'), 2);
  assert.equal(gguf.metadata.has('tokenizer.ggml.bos_token_id'), false);
  assert.equal(gguf.metadata.get('tokenizer.chat_template'), '{{ messages }}');
});

for (const [dtype, tensorType, fileType] of [
  ['f16', 1, 1],
  ['bf16', 30, 32],
] as const)
  test(`${dtype} is the type of matrices, vectors stay F32`, () => {
    const { gguf, weights } = written(QWEN3, undefined, dtype);
    assert.equal(gguf.metadata.get('general.file_type'), fileType);
    for (const [name, { sizes, type }] of gguf.tensors) assert.equal(type, sizes.length === 1 ? 0 : tensorType, name);
    const exact = rowsOf(QWEN3, weights, 'model.layers.0.mlp.up_proj.weight').flat();
    const step = dtype === 'f16' ? 2 ** -11 : 2 ** -8;
    data(gguf, 'blk.0.ffn_up.weight').forEach((value, i) => {
      assert.ok(Math.abs(value - (exact[i] ?? 0)) <= step * Math.abs(exact[i] ?? 0) + 2 ** -25);
    });
  });

test("Llama 3's rotary scaling is a tensor of what frequencies are divided by", () => {
  const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 32 };
  const { gguf } = written({ ...LLAMA, ropeScaling });
  // Frequencies 1, 10000^(-1/3) and 10000^(-2/3): waves of 6, 135 and 2916 positions. The first fits the window of 32 more
  // than four times, the others not once.
  assert.deepEqual(data(gguf, 'rope_freqs.weight'), [1, 8, 8]);
  assert.equal(written(LLAMA).gguf.tensors.has('rope_freqs.weight'), false);
});

test('rotary scaling is refused where llama.cpp has none', () => {
  const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 32 };
  assert.throws(() => written({ ...QWEN3, ropeScaling }), /qwen3 has no rotary scaling/);
});

test('biases with queries of another size than the hidden one are refused', () => {
  assert.throws(() => written(OTHER_QWEN2), /hidden size 16, got 24/);
});

test('a decoder with both query-key norms and biases is refused', () => {
  assert.throws(() => written({ ...QWEN3, attentionBias: true }), /no architecture with both/);
});
