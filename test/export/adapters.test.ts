import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adapterFiles } from '../../src/export/adapter-files.js';
import { mergedSource } from '../../src/export/merged-source.js';
import { flatSource } from '../../src/export/weight-source.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { turned } from '../../src/lm/file-layout.js';
import { initialAdapters, type LoraSettings, loraLayout } from '../../src/lm/lora.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { decodeSafetensors } from '../../src/lm/safetensors.js';
import { Random, stream } from '../../src/random.js';
import { QWEN2, QWEN3, sharpWeights } from '../support/small-models.js';

const LORA: LoraSettings = { rank: 3, alpha: 6, targets: ['q_proj', 'v_proj', 'o_proj', 'down_proj'] };

/** Adapters whose B is not zero. */
function trainedAdapters(config: DecoderConfig, lora: LoraSettings): Float32Array {
  const random = new Random(stream(41, 'adapters'));
  return initialAdapters(config, lora, stream(42, 'adapters')).map((a) => a + 0.3 * random.normal());
}

/** What PEFT does with its files: W [out, in] += (alpha / r) · B [out, r] · A [r, in]. */
function peftMerged(base: Float32Array, a: Float32Array, b: Float32Array, { rank, alpha }: LoraSettings): Float32Array {
  const inSize = a.length / rank;
  return base.map((w, at) => {
    const [out, i] = [Math.floor(at / inSize), at % inSize];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += (b[out * rank + r] ?? 0) * (a[r * inSize + i] ?? 0);
    return w + (alpha / rank) * sum;
  });
}

for (const [family, config, rank] of [
  ['Qwen3', QWEN3, 3],
  ['Qwen2', QWEN2, 9], // more than are added together
] as const)
  test(`merged weights of a ${family} are what PEFT makes of the adapter's file`, () => {
    const base = flatSource(config, sharpWeights(config, 43));
    const lora = { ...LORA, rank };
    const adapters = trainedAdapters(config, lora);
    const merged = mergedSource(base, lora, adapters);
    const [file] = adapterFiles(config, lora, adapters, 'base');
    assert.equal(file?.path, 'adapter_model.safetensors');
    const tensors = decodeSafetensors(Buffer.concat([...(file?.chunks() ?? [])]), 'adapter');
    assert.equal(tensors.size, 2 * 2 * LORA.targets.length);
    for (const { name } of parameterLayout(config).parameters) {
      const stem = `base_model.model.${name.replace('.weight', '')}`;
      const [a, b] = [tensors.get(`${stem}.lora_A.weight`), tensors.get(`${stem}.lora_B.weight`)];
      if (a === undefined || b === undefined) {
        assert.deepEqual(merged.tensor(name), base.tensor(name), name);
        continue;
      }
      assert.deepEqual([a.shape[0], b.shape[1]], [rank, rank]);
      const expected = peftMerged(base.tensor(name), a.data, b.data, lora);
      // One rounding of the sum: a step of float32 at 4 is 2^-21.
      merged.tensor(name).forEach((value, i) => {
        assert.ok(Math.abs(value - (expected[i] ?? Number.NaN)) <= 2 ** -21, `${name}[${i}]`);
      });
    }
  });

test('adapters as they begin change no bit', () => {
  const base = flatSource(QWEN3, sharpWeights(QWEN3, 44));
  const merged = mergedSource(base, LORA, initialAdapters(QWEN3, LORA, stream(45, 'adapters')));
  for (const { name } of parameterLayout(QWEN3).parameters) assert.deepEqual(merged.tensor(name), base.tensor(name));
});

test("an adapter's files are PEFT's: names, shapes, and the settings that it is loaded with", () => {
  const [weights, settings] = adapterFiles(QWEN3, LORA, trainedAdapters(QWEN3, LORA), 'Qwen/Qwen3-4B-Base');
  const tensors = decodeSafetensors(Buffer.concat([...(weights?.chunks() ?? [])]), 'adapter');
  const shapeOf = (name: string) => tensors.get(`base_model.model.model.layers.1.${name}.weight`)?.shape;
  assert.deepEqual(shapeOf('self_attn.q_proj.lora_A'), [3, 16]); // [r, in]
  assert.deepEqual(shapeOf('self_attn.q_proj.lora_B'), [24, 3]); // [out, r]
  assert.deepEqual(shapeOf('mlp.down_proj.lora_A'), [3, 20]);
  assert.equal(tensors.size, loraLayout(QWEN3, LORA).parameters.length);
  assert.equal(settings?.path, 'adapter_config.json');
  const config = JSON.parse(Buffer.concat([...(settings?.chunks() ?? [])]).toString('utf8')) as Record<string, unknown>;
  const { r, lora_alpha, target_modules, peft_type, task_type, bias, fan_in_fan_out, use_rslora } = config;
  assert.deepEqual(
    { r, lora_alpha, target_modules, peft_type, task_type, bias, fan_in_fan_out, use_rslora },
    {
      r: 3,
      lora_alpha: 6,
      target_modules: LORA.targets,
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      bias: 'none',
      fan_in_fan_out: false,
      use_rslora: false,
    },
  );
  assert.equal(config['base_model_name_or_path'], 'Qwen/Qwen3-4B-Base');
});

test('a matrix that is turned twice is the same, whatever its sizes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), (rows, columns) => {
      const matrix = Float32Array.from({ length: rows * columns }, (_, i) => i);
      const other = turned(matrix, rows);
      assert.equal(other[columns > 1 ? rows : 0], columns > 1 ? 1 : 0); // row 1 of it begins with column 1's first
      assert.deepEqual(turned(other, columns), matrix);
    }),
  );
});
