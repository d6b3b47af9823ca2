import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { decodeWeights, encodeWeights, loadCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../src/lm/safetensors.js';
import { FAMILIES, LLAMA, QWEN3, sharpWeights } from '../support/small-models.js';

/** A folder with a random checkpoint, removed after the test. */
function savedCheckpoint(t: TestContext, config: DecoderConfig): { folder: string; weights: Float32Array } {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-checkpoint-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const weights = sharpWeights(config, 1);
  saveCheckpoint(folder, { config, weights });
  return { folder, weights };
}

/** The same file with its tensors changed by `change`. */
function rewritten(folder: string, change: (tensors: Map<string, NamedTensor>) => void): void {
  const path = join(folder, 'model.safetensors');
  const tensors = decodeSafetensors(readFileSync(path), path);
  change(tensors);
  writeFileSync(path, encodeSafetensors(tensors));
}

const complains =
  (...parts: readonly string[]) =>
  (error: unknown): boolean =>
    error instanceof CheckpointError && parts.every((part) => error.message.includes(part));

for (const [family, config] of FAMILIES) {
  for (const tiedEmbeddings of [true, false]) {
    test(`${family}, ${tiedEmbeddings ? 'tied' : 'untied'}: a checkpoint comes back bit for bit`, (t) => {
      const shape = { ...config, tiedEmbeddings };
      const { folder, weights } = savedCheckpoint(t, shape);
      const loaded = loadCheckpoint(folder);
      assert.deepEqual(loaded.config, shape);
      assert.deepEqual(new Uint8Array(loaded.weights.buffer), new Uint8Array(weights.buffer));
    });
  }
}

test('a projection is stored as [out, in], as PyTorch has it, and the embedding as it is', () => {
  const weights = sharpWeights(QWEN3, 2);
  const tensors = decodeSafetensors(encodeWeights(parameterLayout(QWEN3), weights), 'x');
  const { parameters } = parameterLayout(QWEN3);
  const at = (name: string): number => parameters.find((parameter) => parameter.name === name)?.offset ?? Number.NaN;
  const [down, embedding] = ['model.layers.1.mlp.down_proj.weight', 'model.embed_tokens.weight'] as const;
  assert.deepEqual(tensors.get(down)?.shape, [16, 20]); // hidden size, feed-forward size
  assert.equal(tensors.get(down)?.data[3 * 20 + 5], weights[at(down) + 5 * 16 + 3]); // out 3, in 5
  assert.deepEqual(tensors.get(embedding)?.shape, [24, 16]);
  assert.equal(tensors.get(embedding)?.data[7 * 16 + 2], weights[at(embedding) + 7 * 16 + 2]);
});

test('encoding what was decoded gives the same bytes', () => {
  const bytes = encodeWeights(parameterLayout(LLAMA), sharpWeights(LLAMA, 3));
  assert.deepEqual(encodeWeights(parameterLayout(LLAMA), decodeWeights(parameterLayout(LLAMA), bytes, 'x')), bytes);
});

test('the embedded checkpoint has the names and shapes of a Qwen3 model', () => {
  const { config, weights } = loadCheckpoint('models/tiny');
  assert.equal(config.qkNorm, true);
  assert.equal(weights.length, parameterLayout(config).size);
});

for (const name of ['config.json', 'model.safetensors']) {
  test(`without ${name} the error names it`, (t) => {
    const { folder } = savedCheckpoint(t, QWEN3);
    rmSync(join(folder, name));
    assert.throws(() => loadCheckpoint(folder), complains(join(folder, name), 'is missing'));
  });
}

test('a config.json that is not JSON is named', (t) => {
  const { folder } = savedCheckpoint(t, QWEN3);
  writeFileSync(join(folder, 'config.json'), '{"model_type": ');
  assert.throws(() => loadCheckpoint(folder), complains(join(folder, 'config.json'), 'is not JSON'));
});

test('a wrong field of config.json is named', (t) => {
  const { folder } = savedCheckpoint(t, QWEN3);
  const path = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...config, num_hidden_layers: -1 }));
  assert.throws(() => loadCheckpoint(folder), complains(path, 'num_hidden_layers'));
});

test('a missing tensor is named', (t) => {
  const { folder } = savedCheckpoint(t, QWEN3);
  rewritten(folder, (tensors) => tensors.delete('model.layers.1.self_attn.k_norm.weight'));
  assert.throws(() => loadCheckpoint(folder), complains('has no tensor model.layers.1.self_attn.k_norm.weight'));
});

test('a tensor of the wrong shape is named with both shapes', (t) => {
  const { folder } = savedCheckpoint(t, QWEN3);
  const name = 'model.layers.0.mlp.up_proj.weight';
  // The transpose has the right number of elements; only the shape tells.
  rewritten(folder, (tensors) => tensors.set(name, { shape: [16, 20], data: new Float32Array(320) }));
  assert.throws(() => loadCheckpoint(folder), complains(name, '[16, 20]', '[20, 16]'));
});

test('a weight that is not finite is named', (t) => {
  const { folder } = savedCheckpoint(t, QWEN3);
  rewritten(folder, (tensors) => tensors.get('model.norm.weight')?.data.fill(Number.NaN, 3, 4));
  assert.throws(() => loadCheckpoint(folder), complains('model.norm.weight', 'not finite'));
});

test('a file cut in its last tensor is refused', (t) => {
  const { folder } = savedCheckpoint(t, QWEN3);
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, readFileSync(path).subarray(0, -3));
  assert.throws(() => loadCheckpoint(folder), complains(path, 'not a whole safetensors file', 'model.norm.weight'));
});
