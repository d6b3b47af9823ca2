import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import { loadCheckpoint, openCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { BAD_INDEXES } from '../support/bad-indexes.js';
import { BAD_WEIGHT_FILES } from '../support/bad-weight-files.js';
import { encodedFloats } from '../support/half-precision.js';
import { type RawTensor, type Storage, storedTensors, writeCheckpointFiles } from '../support/raw-checkpoint.js';
import { temporaryFolder } from '../support/temporary.js';
import { flatTensors, MODELS, modelFixture } from '../support/torch-fixtures.js';

const { config, parameters } = modelFixture('qwen3');
const weights = flatTensors(parameters, parameterLayout(config));
const STORAGES: readonly Storage[] = (['F32', 'F16', 'BF16'] as const).flatMap((type) =>
  [1, 2].map((shardCount) => ({ type, shardCount })),
);

const modelFolder = (t: TestContext): string => join(temporaryFolder(t), 'model');

/** Holds what `load` refuses to one sentence that names all of `names`. */
function assertRefused(load: (folder: string) => unknown, folder: string, names: readonly string[]): void {
  assert.throws(
    () => load(folder),
    (error) => {
      assert.ok(error instanceof CheckpointError, String(error));
      for (const name of [folder, ...names]) assert.ok(error.message.includes(name), `${name} in: ${error.message}`);
      assert.ok(error.message.length < 500 && !error.message.includes('\n'), error.message);
      return true;
    },
  );
}

for (const storage of STORAGES) {
  const { type, shardCount } = storage;
  const files = `${type} in ${shardCount === 1 ? 'one file' : `${shardCount} files`}`;
  for (const name of MODELS) {
    test(`${name}: weights of ${files} come back as they were stored`, (t) => {
      const folder = modelFolder(t);
      const model = modelFixture(name);
      writeCheckpointFiles(folder, model.config, model.parameters, storage);
      const loaded = loadCheckpoint(folder);
      assert.deepEqual(loaded.config, model.config);
      const layout = parameterLayout(model.config);
      assert.deepEqual(loaded.weights, flatTensors(storedTensors(type, model.parameters), layout));
    });
  }

  const bad = { ...BAD_WEIGHT_FILES, ...(shardCount === 1 ? {} : BAD_INDEXES) };
  for (const [fault, { names, make }] of Object.entries(bad)) {
    test(`${files}: ${fault} is refused in a sentence that names it`, (t) => {
      const folder = modelFolder(t);
      make(folder, { config, tensors: parameters }, storage);
      for (const load of [loadCheckpoint, openCheckpoint]) assertRefused(load, folder, names);
    });
  }
}

test("a folder of links to files of other names is read, as Hugging Face's cache has it", (t) => {
  const folder = modelFolder(t);
  writeCheckpointFiles(folder, config, parameters, { type: 'F32', shardCount: 2 });
  mkdirSync(join(folder, '..', 'blobs'));
  for (const [i, name] of readdirSync(folder).entries()) {
    renameSync(join(folder, name), join(folder, '..', 'blobs', `${i}`));
    symlinkSync(join('..', 'blobs', `${i}`), join(folder, name));
  }
  assert.deepEqual(loadCheckpoint(folder).weights, weights);
});

/** A tensor that a file has beside its weights. */
const beside = (name: string, shape: readonly number[]): RawTensor => ({
  name,
  dtype: 'F32',
  shape,
  bytes: encodedFloats('F32', Array<number>(shape.reduce((size, dim) => size * dim, 1)).fill(Number.NaN)),
});

test('frequencies and a second name of a tied embedding may lie beside the weights', (t) => {
  const folder = modelFolder(t);
  const spare = [beside('model.layers.0.self_attn.rotary_emb.inv_freq', [2]), beside('lm_head.weight', [13, 8])];
  writeCheckpointFiles(folder, config, parameters, { type: 'F32', shardCount: 1 }, (raw) => [...raw, ...spare]);
  assert.deepEqual(loadCheckpoint(folder).weights, weights);
});

test('weights that the configuration has no use for are refused', (t) => {
  for (const name of ['model.layers.2.input_layernorm.weight', 'model.layers.0.self_attn.o_proj.bias']) {
    const folder = modelFolder(t);
    const extra = beside(name, [8]);
    writeCheckpointFiles(folder, config, parameters, { type: 'F32', shardCount: 1 }, (raw) => [...raw, extra]);
    assertRefused(loadCheckpoint, folder, [name]);
  }
});

test('a tensor may have the name of what every object has', (t) => {
  const folder = modelFolder(t);
  const named = { ...beside('x', [1]), name: '__proto__' };
  writeCheckpointFiles(folder, config, parameters, { type: 'F32', shardCount: 1 }, (raw) => [named, ...raw]);
  assertRefused(loadCheckpoint, folder, ['__proto__']);
});

test('a folder with an index is read by it, though a file of one lies there', (t) => {
  const folder = modelFolder(t);
  writeCheckpointFiles(folder, config, parameters, { type: 'F32', shardCount: 2 });
  writeFileSync(join(folder, 'model.safetensors'), 'not one');
  assert.deepEqual(loadCheckpoint(folder).weights, weights);
});
