import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXPORT_DTYPES, type ExportDtype, type ExportFile, jsonFile } from '../../src/export/export-file.js';
import { mergedSource } from '../../src/export/merged-source.js';
import { safetensorsFiles } from '../../src/export/safetensors-files.js';
import { flatSource } from '../../src/export/weight-source.js';
import { architectureFile } from '../../src/lm/architecture.js';
import { loadCheckpoint, openCheckpoint } from '../../src/lm/checkpoint.js';
import { toBfloat16, toFloat16 } from '../../src/lm/half-floats.js';
import { initialAdapters, type LoraSettings } from '../../src/lm/lora.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import type { Engine } from '../../src/workers/engine.js';
import { engineFor, FAMILIES, LLAMA, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';
import { fromBfloat16, fromFloat16 } from './read-gguf.js';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** A file's header and its tensors' values, read from the format's description and not with our reader. */
function read(bytes: Buffer): {
  readonly metadata: unknown;
  readonly tensors: Map<string, Entry & { values: number[] }>;
} {
  const start = 8 + Number(bytes.readBigUInt64LE());
  assert.equal(start % 8, 0);
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, Entry>;
  let end = 0;
  const tensors = new Map(
    Object.entries(entries).map(([name, entry]) => {
      const [from, to] = entry.data_offsets;
      assert.equal(from, end, name);
      end = to;
      const data = bytes.subarray(start + from, start + to);
      const width = entry.dtype === 'F32' ? 4 : 2;
      assert.equal(data.length, width * entry.shape.reduce((size, dim) => size * dim, 1), name);
      const values = Array.from({ length: data.length / width }, (_, i) =>
        entry.dtype === 'F32'
          ? data.readFloatLE(4 * i)
          : (entry.dtype === 'F16' ? fromFloat16 : fromBfloat16)(data.readUInt16LE(2 * i)),
      );
      return [name, { ...entry, values }];
    }),
  );
  assert.equal(start + end, bytes.length);
  return { metadata, tensors };
}

const bytesOf = (file: ExportFile): Buffer => {
  const bytes = Buffer.concat([...file.chunks()]);
  assert.equal(bytes.length, file.sizeBytes);
  return bytes;
};

function saved(t: TestContext, files: readonly ExportFile[]): string {
  const folder = temporaryFolder(t);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, file.path), bytesOf(file));
  return folder;
}

const ROUNDED = {
  f32: (weights: Float32Array) => weights,
  f16: (weights: Float32Array) => Float32Array.from(toFloat16(weights), fromFloat16),
  bf16: (weights: Float32Array) => Float32Array.from(toBfloat16(weights), fromBfloat16),
} as const satisfies Record<ExportDtype, (weights: Float32Array) => Float32Array>;

for (const [family, config] of FAMILIES)
  for (const dtype of EXPORT_DTYPES)
    test(`a ${family} in ${dtype}, whole or in shards, is loaded back with the same weights`, (t) => {
      const weights = sharpWeights(config, 31);
      for (const shardBytes of [5e9, 3000]) {
        const folder = saved(t, safetensorsFiles(flatSource(config, weights), dtype, shardBytes));
        writeFileSync(join(folder, 'config.json'), JSON.stringify(architectureFile(config)));
        assert.deepEqual(loadCheckpoint(folder).weights, ROUNDED[dtype](weights));
      }
    });

test('a policy of adapters that is merged and loaded back has the same log-probabilities', async (t) => {
  const lora: LoraSettings = { rank: 3, alpha: 6, targets: [...LORA_TARGETS] };
  const random = new Random(stream(34, 'adapters'));
  const flat = initialAdapters(QWEN3, lora, stream(35, 'adapters')).map((a) => a + 0.1 * random.normal());
  const weights = sharpWeights(QWEN3, 36);
  const files = { config: jsonFile('config.json', architectureFile(QWEN3)), source: flatSource(QWEN3, weights) };
  const base = openCheckpoint(saved(t, [files.config, ...safetensorsFiles(files.source, 'f32', 5e9)]));
  const merged = saved(t, [files.config, ...safetensorsFiles(mergedSource(files.source, lora, flat), 'f32', 5e9)]);
  const sequences = [{ tokens: randomTokens(random, 12, QWEN3.vocabularySize), start: 1 }];
  const scores = async (of: Parameters<Engine['score']>[0]['weights']): Promise<number[]> =>
    (await engineFor(QWEN3).score({ weights: of, sequences })).flat();
  const adapted = await scores({ base, lora, adapters: shareWeights(flat) });
  const loaded = await scores(shareWeights(loadCheckpoint(merged).weights));
  adapted.forEach((logprob, i) => {
    assert.ok(Math.abs(logprob - (loaded[i] ?? Number.NaN)) < 1e-4);
  });
  const before = await scores(base);
  assert.ok(adapted.some((logprob, i) => Math.abs(logprob - (before[i] ?? 0)) > 0.1));
});

for (const dtype of ['f32', 'f16', 'bf16'] as const satisfies readonly ExportDtype[])
  test(`tensors in ${dtype} have Hugging Face's names, types and shapes, and say that they are PyTorch's`, () => {
    const [file] = safetensorsFiles(flatSource(LLAMA, sharpWeights(LLAMA, 32)), dtype, 5e9);
    assert.equal(file?.path, 'model.safetensors');
    const { metadata, tensors } = read(bytesOf(file as ExportFile));
    assert.deepEqual(metadata, { format: 'pt' });
    assert.ok([...tensors.values()].every((entry) => entry.dtype === dtype.toUpperCase()));
    assert.deepEqual(tensors.get('model.layers.1.mlp.down_proj.weight')?.shape, [16, 20]); // [hidden, feed-forward]
    assert.deepEqual(tensors.get('model.layers.0.self_attn.k_proj.weight')?.shape, [12, 16]); // [2 heads · 6, hidden]
    assert.deepEqual(tensors.get('lm_head.weight')?.shape, [24, 16]);
    assert.equal(tensors.size, 3 + 2 * 9);
  });

test('shards hold all tensors in their order, none is larger than asked for, and the index finds each', (t) => {
  const source = flatSource(QWEN3, sharpWeights(QWEN3, 33));
  const folder = saved(t, safetensorsFiles(source, 'f16', 4000));
  const index = JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8')) as {
    readonly metadata: { readonly total_size: number };
    readonly weight_map: Readonly<Record<string, string>>;
  };
  const names = [...new Set(Object.values(index.weight_map))];
  assert.ok(names.length > 1);
  assert.deepEqual(
    names,
    names.map(
      (_, i) => `model-${String(i + 1).padStart(5, '0')}-of-${String(names.length).padStart(5, '0')}.safetensors`,
    ),
  );
  const [whole] = safetensorsFiles(source, 'f16', 5e9);
  const { tensors } = read(bytesOf(whole as ExportFile));
  let total = 0;
  const found: [string, number[]][] = [];
  for (const name of names) {
    const shard = read(readFileSync(join(folder, name)));
    assert.deepEqual(shard.metadata, { format: 'pt' });
    const size = [...shard.tensors.values()].reduce((sum, { values }) => sum + 2 * values.length, 0);
    assert.ok(size <= 4000);
    total += size;
    for (const [tensor, { values }] of shard.tensors) {
      assert.equal(index.weight_map[tensor], name);
      found.push([tensor, values]);
    }
  }
  assert.deepEqual(
    found,
    [...tensors].map(([name, { values }]) => [name, values]),
  );
  assert.equal(index.metadata.total_size, total);
});
