import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ExportDtype, ExportFile } from '../../src/export/export-file.js';
import { safetensorsFiles } from '../../src/export/safetensors-files.js';
import { flatSource } from '../../src/export/weight-source.js';
import { architectureFile } from '../../src/lm/architecture.js';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { FAMILIES, LLAMA, QWEN3, sharpWeights } from '../support/small-models.js';
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

for (const [family, config] of FAMILIES)
  test(`a ${family} is loaded back with the same weights`, (t) => {
    const weights = sharpWeights(config, 31);
    const folder = saved(t, safetensorsFiles(flatSource(config, weights), 'f32', 5e9));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(architectureFile(config)));
    assert.deepEqual(loadCheckpoint(folder).weights, weights);
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
