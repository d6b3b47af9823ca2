import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import { type GgufVocabulary, writeGguf } from '../../src/export/gguf.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { LLAMA, QWEN2 as OTHER_QWEN2, QWEN3, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';
import { type GgufFile, readGguf } from './read-gguf.js';

/** llama.cpp's Qwen2 has queries of the hidden size: 4 heads of 4 here. */
const QWEN2 = { ...OTHER_QWEN2, headSize: 4 };
const FAMILIES = [
  ['Qwen3', QWEN3],
  ['Llama', LLAMA],
  ['Qwen2', QWEN2],
] as const;

/** What the file of a small model holds, and the weights that it was made from. */
function written(t: TestContext, config: DecoderConfig, vocabulary?: GgufVocabulary) {
  const weights = sharpWeights(config, 5);
  const file = join(temporaryFolder(t), 'model.gguf');
  writeGguf(file, config, weights, vocabulary);
  return { gguf: readGguf(readFileSync(file)), weights };
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
  test(`every tensor of a ${family} stands in the file, aligned, one after the other, to its end`, (t) => {
    const { gguf } = written(t, config);
    assert.equal(gguf.version, 3);
    assert.equal(gguf.tensors.size, parameterLayout(config).parameters.length);
    let end = 0;
    for (const [name, { offset, sizes, data }] of gguf.tensors) {
      assert.equal(offset % 32, 0, name);
      assert.equal(offset, end, name);
      end = Math.ceil((offset + data.byteLength) / 32) * 32;
      assert.equal(
        data.length,
        sizes.reduce((product, size) => product * size, 1),
      );
    }
    assert.equal(gguf.dataSize, end);
  });

  test(`the metadata of a ${family} is its shape, under its architecture`, (t) => {
    const { gguf } = written(t, config);
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

test('a projection is turned: [in, out] here is [out, in] there, sizes counted from the fastest', (t) => {
  const { gguf, weights } = written(t, QWEN3);
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

test("a Llama's query and key rows are in llama.cpp's order, its value rows are not moved", (t) => {
  const { gguf, weights } = written(t, LLAMA);
  const rows = (name: string): number[][] => rowsOf(LLAMA, weights, `model.layers.0.self_attn.${name}_proj.weight`);
  assert.deepEqual(data(gguf, 'blk.0.attn_q.weight'), permuted(rows('q'), 6).flat());
  assert.deepEqual(data(gguf, 'blk.0.attn_k.weight'), permuted(rows('k'), 6).flat());
  assert.deepEqual(data(gguf, 'blk.0.attn_v.weight'), rows('v').flat());
});

test('a Qwen2 has its biases, as they are', (t) => {
  const { gguf, weights } = written(t, QWEN2);
  const bias = rowsOf(QWEN2, weights, 'model.layers.1.self_attn.k_proj.bias').flat();
  assert.deepEqual(data(gguf, 'blk.1.attn_k.bias'), bias);
});

test('tied embeddings have no output matrix, others have', (t) => {
  assert.equal(written(t, QWEN3).gguf.tensors.has('output.weight'), false);
  assert.equal(written(t, LLAMA).gguf.tensors.has('output.weight'), true);
});

test('a vocabulary is written by id, filled up to the size of the model', (t) => {
  const { gguf } = written(t, QWEN3, {
    model: 'gpt2',
    preTokenizer: 'qwen2',
    tokens: ['a', 'b', '<end>'],
    specialIds: new Set([2]),
    merges: ['a b'],
    endOfSequenceId: 2,
    unknownId: null,
  });
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens') as string[];
  assert.equal(tokens.length, 24);
  assert.deepEqual(tokens.slice(0, 4), ['a', 'b', '<end>', '[PAD3]']);
  const [normal, control, unused] = [1, 3, 5];
  assert.deepEqual((gguf.metadata.get('tokenizer.ggml.token_type') as number[]).slice(0, 4), [
    normal,
    normal,
    control,
    unused,
  ]);
  assert.deepEqual(gguf.metadata.get('tokenizer.ggml.merges'), ['a b']);
  assert.equal(gguf.metadata.get('tokenizer.ggml.eos_token_id'), 2);
});

test('a file that cannot be put in its place leaves nothing behind', (t) => {
  const folder = temporaryFolder(t);
  // A folder stands under the file's name: the rename fails, after all was written.
  assert.throws(() => writeGguf(folder, QWEN3, sharpWeights(QWEN3, 5)), CheckpointError);
  assert.deepEqual(
    readdirSync(join(folder, '..')).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('biases with queries of another size than the hidden one are refused', (t) => {
  const file = join(temporaryFolder(t), 'model.gguf');
  const weights = sharpWeights(OTHER_QWEN2, 5);
  assert.throws(() => writeGguf(file, OTHER_QWEN2, weights), /hidden size 16, got 24/);
});

test('a decoder with both query-key norms and biases is refused', (t) => {
  const config = { ...QWEN3, attentionBias: true };
  const file = join(temporaryFolder(t), 'model.gguf');
  assert.throws(() => writeGguf(file, config, sharpWeights(config, 5)), /no architecture with both/);
});
