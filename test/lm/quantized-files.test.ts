import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import { openCheckpoint, readStored, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import type { WeightPlace } from '../../src/lm/weight-places.js';
import { encodedFloats } from '../support/half-precision.js';
import { BLOCK_FAMILIES, flatWeights, quantizedModel, writeQuantized } from '../support/quantized.js';
import { type RawTensor, safetensorsBytes, writeCheckpointFiles } from '../support/raw-checkpoint.js';
import { QWEN3 as ODD, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

/** Checkpoint folders of 4 bits, written and read; and those that must be refused, each with one sentence. */

const [, QWEN3] = BLOCK_FAMILIES[0] as (typeof BLOCK_FAMILIES)[number];
const VICTIM = 'model.layers.1.mlp.up_proj.weight';

for (const [family, config] of BLOCK_FAMILIES) {
  test(`${family}: what is read of the blocks is what they stand for, and the rest has the bytes that it had`, (t) => {
    const { before, quantized, flat } = quantizedModel(t, config);
    const weights = sharpWeights(config, 4);
    for (const { name, kind, offset, size, shape } of parameterLayout(config).parameters) {
      const { data } = readStored(quantized.folder, quantized.places.get(name) as WeightPlace);
      if (kind !== 'projection') {
        assert.deepEqual(data, weights.subarray(offset, offset + size), name);
        continue;
      }
      const [inputs = 1, outputs = 1] = shape;
      const original = readStored(before.folder, before.places.get(name) as WeightPlace).data;
      data.forEach((x, i) => {
        const [row, column] = [Math.floor(i / inputs), i % inputs];
        assert.equal(x, flat[offset + column * outputs + row]);
        assert.ok(Math.abs(x - (original[i] ?? Number.NaN)) < 0.1, `${name}: ${original[i]} became ${x}`); // deviation 0.2
      });
    }
  });
}

test('blocks in several shards are read as those in one file', (t) => {
  const one = quantizedModel(t, QWEN3);
  const many = quantizedModel(t, QWEN3, 3000);
  assert.ok(readdirSync(many.quantized.folder).filter((name) => name.endsWith('.safetensors')).length > 3);
  assert.deepEqual(many.flat, one.flat);
});

test('a checkpoint in bfloat16 keeps its embedding and norms in it', (t) => {
  const folder = temporaryFolder(t);
  const { before } = quantizedModel(t, QWEN3);
  const tensors = Object.fromEntries(
    [...before.places].map(([name, place]) => {
      const { data, shape } = readStored(before.folder, place);
      return [name, { shape, data: [...data] }];
    }),
  );
  writeCheckpointFiles(join(folder, 'bf16'), QWEN3, tensors, { type: 'BF16', shardCount: 2 });
  writeQuantized(join(folder, 'int4'), openCheckpoint(join(folder, 'bf16')));
  const { places } = openCheckpoint(join(folder, 'int4'));
  const dtypeOf = (place: WeightPlace | undefined): string =>
    place === undefined || 'packed' in place ? '' : place.dtype;
  assert.equal(dtypeOf(places.get('model.embed_tokens.weight')), 'bfloat16');
  assert.equal(dtypeOf(places.get('model.norm.weight')), 'bfloat16');
});

test('a model whose sizes blocks do not divide is refused by the tensor', (t) => {
  const folder = temporaryFolder(t);
  saveCheckpoint(folder, { config: ODD, weights: sharpWeights(ODD, 1) });
  const refused = { name: 'CheckpointError', message: /model\.layers\.0\.self_attn\.q_proj\.weight has 16 inputs/ };
  assert.throws(() => writeQuantized(join(folder, 'out'), openCheckpoint(folder)), refused);
});

test('blocks are not made into blocks again', (t) => {
  const { quantized } = quantizedModel(t, QWEN3);
  assert.throws(() => writeQuantized(join(quantized.folder, 'out'), quantized), /is in blocks of 4 bits already/);
});

/** What is wrong with a folder, what the sentence names, and how it came to it. */
const SPOILT: readonly (readonly [fault: string, names: readonly string[], spoil: (folder: string) => void])[] = [
  ['no scales', [`${VICTIM}_scale`, 'has no tensor'], changed((raw) => without(raw, `${VICTIM}_scale`))],
  ['no blocks', [`${VICTIM}_packed`, 'has no tensor'], changed((raw) => without(raw, `${VICTIM}_packed`))],
  [
    'whole weights where blocks should be',
    [`${VICTIM}_packed`, 'has no tensor'],
    changed((raw) => [...without(raw, `${VICTIM}_packed`), floatTensor(VICTIM, [64, 32])]),
  ],
  ['weights beside their blocks', [VICTIM, 'no use'], changed((raw) => [...raw, floatTensor(VICTIM, [64, 32])])],
  [
    'blocks of another shape',
    [`${VICTIM}_packed`, '[1, 64, 16]', '[64, 1, 16]'],
    changed((raw) => one(raw, `${VICTIM}_packed`, (tensor) => ({ ...tensor, shape: [1, 64, 16] }))),
  ],
  [
    'scales of another shape',
    [`${VICTIM}_scale`, '[32, 2]'],
    changed((raw) => one(raw, `${VICTIM}_scale`, (tensor) => ({ ...tensor, shape: [32, 2] }))),
  ],
  [
    'signed blocks',
    [`${VICTIM}_packed`, 'I8', 'U8'],
    changed((raw) => one(raw, `${VICTIM}_packed`, (tensor) => ({ ...tensor, dtype: 'I8' }))),
  ],
  [
    'scales in half precision',
    [`${VICTIM}_scale`, 'float16', 'F32'],
    changed((raw) => one(raw, `${VICTIM}_scale`, ({ name, shape }) => halfTensor(name, shape))),
  ],
  [
    'a scale that is not a number',
    [`${VICTIM}_scale`, 'not finite'],
    changed((raw) => one(raw, `${VICTIM}_scale`, (tensor) => ({ ...tensor, bytes: tensor.bytes.fill(255) }))),
  ],
  ['a file that was cut', ['not a whole safetensors file'], (folder) => cut(join(folder, 'model.safetensors'))],
  ['blocks of 64', ['quantization_config.block_size', '32', '64'], configured({ block_size: 64 })],
  ['blocks of no size', ['quantization_config.block_size', 'undefined'], configured({ block_size: undefined })],
  ['8 bits', ['quantization_config.bits', '8'], configured({ bits: 8 })],
  ["another's method", ['quantization_config', '"gptq"', 'not supported'], configured({ quant_method: 'gptq' })],
  ['no method', ['has no tensor', `${VICTIM.replace('1.mlp.up', '0.self_attn.q')}`], withoutQuantization],
];

for (const [fault, names, spoil] of SPOILT) {
  test(`a folder of 4 bits is refused for ${fault}`, (t) => {
    const folder = spoiltFolder(t, spoil);
    assert.throws(
      () => openCheckpoint(folder),
      (error) => {
        assert.ok(error instanceof CheckpointError, String(error));
        for (const name of names) assert.ok(error.message.includes(name), `${error.message}: no word of ${name}`);
        assert.ok(!error.message.includes('\n'));
        return true;
      },
    );
  });
}

test('a file that nothing was done to is not refused', (t) => {
  const folder = spoiltFolder(
    t,
    changed((raw) => raw),
  );
  assert.deepEqual(flatWeights(openCheckpoint(folder)), quantizedModel(t, QWEN3).flat);
});

function spoiltFolder(t: TestContext, spoil: (folder: string) => void): string {
  const folder = temporaryFolder(t);
  cpSync(quantizedModel(t, QWEN3).quantized.folder, folder, { recursive: true });
  spoil(folder);
  return folder;
}

function changed(change: (raw: readonly RawTensor[]) => readonly RawTensor[]): (folder: string) => void {
  return (folder) => {
    const file = join(folder, 'model.safetensors');
    writeFileSync(file, safetensorsBytes(change(rawTensors(readFileSync(file)))));
  };
}

function configured(fields: Readonly<Record<string, unknown>>): (folder: string) => void {
  return (folder) => {
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as { quantization_config: object };
    writeFileSync(
      path,
      JSON.stringify({ ...config, quantization_config: { ...config.quantization_config, ...fields } }),
    );
  };
}

function withoutQuantization(folder: string): void {
  const path = join(folder, 'config.json');
  const { quantization_config: _, ...config } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify(config));
}

const cut = (file: string): void => truncateSync(file, statSync(file).size - 3);
const without = (raw: readonly RawTensor[], name: string): readonly RawTensor[] =>
  raw.filter((each) => each.name !== name);
const one = (raw: readonly RawTensor[], name: string, change: (tensor: RawTensor) => RawTensor): readonly RawTensor[] =>
  raw.map((each) => (each.name === name ? change(each) : each));

function floatTensor(name: string, shape: readonly number[]): RawTensor {
  const values = new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  return { name, dtype: 'F32', shape, bytes: encodedFloats('F32', values) };
}
function halfTensor(name: string, shape: readonly unknown[]): RawTensor {
  const values = new Array<number>(shape.reduce<number>((a, b) => a * Number(b), 1)).fill(0.5);
  return { name, dtype: 'F16', shape, bytes: encodedFloats('F16', values) };
}

/** The tensors of a safetensors file, in its order. */
function rawTensors(bytes: Buffer): RawTensor[] {
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const data = Uint8Array.from(bytes.subarray(8 + length + from, 8 + length + to));
        return { name, dtype, shape, bytes: data };
      },
    );
}
