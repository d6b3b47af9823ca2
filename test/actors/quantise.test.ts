import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planMemory } from '../../actors/memory.js';
import { resolveConfig } from '../../src/config.js';
import { loadCheckpoint, openCheckpoint } from '../../src/lm/checkpoint.js';
import { rzero } from '../support/command-line.js';
import { flatWeights } from '../support/quantized.js';
import { finishedRun, query, smallRun, TINY, workFolder } from './support.js';

/** The embedded model in 4 bits, through the program's own commands. */

const folder = workFolder();
const int4 = join(folder, 'int4');
const db = join(folder, 'run.db');
const quantised = await rzero(['quantise', '--model', 'tiny', '--out', int4, '--json']);

test('quantise writes a folder of a fifth of the size, and tells so', () => {
  assert.equal(quantised.code, 0, quantised.stderr);
  const told = JSON.parse(quantised.stdout) as { out: string; model_bytes: number; quantised_bytes: number };
  assert.equal(told.out, int4);
  assert.ok(told.quantised_bytes < 0.2 * told.model_bytes, `${told.quantised_bytes} of ${told.model_bytes}`);
  assert.equal(statSync(join(int4, 'model.safetensors')).size, told.quantised_bytes);
  const config = JSON.parse(readFileSync(join(int4, 'config.json'), 'utf8')) as { quantization_config: unknown };
  assert.deepEqual(config.quantization_config, { quant_method: 'rzero-int4', bits: 4, block_size: 32 });
  assert.deepEqual(readFileSync(join(int4, 'tokenizer.json')), readFileSync(join(TINY, 'tokenizer.json')));
});

test('the folder is a model as any other: it is sampled, scored and evaluated', async () => {
  const prompt = '<q>What is 45 plus 17?<a><w>';
  const sampled = await rzero(['sample', '--model', int4, '--prompt', prompt, '--temperature', '0', '--json']);
  assert.equal(sampled.code, 0, sampled.stderr);
  assert.match(sampled.stdout, /boxed\{62\}/);
  const line = `${JSON.stringify({ prompt, completion: '1' })}\n`;
  const logprobOf = async (model: string): Promise<number> => {
    const { stdout } = await rzero(['score', '--model', model], line);
    return (JSON.parse(stdout) as { logprobs: number[] }).logprobs[0] ?? Number.NaN;
  };
  const [found, whole] = [await logprobOf(int4), await logprobOf('tiny')];
  assert.ok(found < 0 && found !== whole && Math.abs(found - whole) < 1.5, `${found}, and ${whole} in float32`);
  const { code, stdout } = await rzero(['eval', '--model', int4, '--limit', '10', '--json']);
  assert.equal(code, 0);
  const { scores } = JSON.parse(stdout) as { scores: { metric: string; score: number }[] };
  const greedy = scores.filter(({ metric }) => metric === 'greedy').map(({ score }) => score);
  assert.ok(greedy.reduce((sum, x) => sum + x, 0) / greedy.length > 25); // 52 in float32, and 0 for noise
});

test('a run trains adapters over it, and exports them merged into the weights that the 4 bits stand for', async () => {
  await finishedRun(db, { model: int4, 'lora.rank': '4' });
  const [run] = query<{ id: string }>(db, 'SELECT id FROM runs');
  const out = join(folder, 'evolved');
  const exported = await rzero([
    'export',
    '--run',
    `${run?.id}@2`,
    '--db',
    db,
    '--format',
    'safetensors',
    '--out',
    out,
  ]);
  assert.equal(exported.code, 0, exported.stderr);
  assert.match(exported.stderr, /its base has weights of 4 bits/);
  assert.match(readFileSync(join(out, 'README.md'), 'utf8'), /its projections in 4 bits/);
  const [whole, base] = [loadCheckpoint(out).weights, flatWeights(openCheckpoint(int4))];
  const distance = length(whole.map((x, i) => x - (base[i] ?? 0))) / length(base);
  assert.ok(distance > 0 && distance < 0.02, `${distance}`); // the adapters alone: blocks made anew would be 8 % off
});

test('the whole model in 4 bits is exported as whole weights', async () => {
  const out = join(folder, 'whole');
  const { code, stderr } = await rzero(['export', '--model', int4, '--format', 'safetensors', '--out', out]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(loadCheckpoint(out).weights, flatWeights(openCheckpoint(int4)));
});

test('what a run needs of memory is less in 4 bits', () => {
  const bytesFor = (model: string): number =>
    planMemory(resolveConfig({ preset: 'tiny', set: ['lora.rank=4'], flags: { model } })).needed_bytes;
  // Mapped: 1.27 MB became 0.25; packed by each of two workers: 1.27 became 0.19.
  assert.ok(Math.abs(bytesFor('tiny') - bytesFor(int4) - (1.02e6 + 2 * 1.08e6)) < 0.1e6);
});

const occupied = join(folder, 'occupied');
writeFileSync(occupied, 'mine');
const REFUSED: readonly (readonly [claim: string, args: readonly string[], code: number, says: RegExp])[] = [
  ['training all of its weights', smallRun(join(folder, 'x.db'), { model: int4 }), 2, /4 bits, .*lora\.rank=16/],
  ['a folder that is there', ['quantise', '--model', 'tiny', '--out', int4], 2, /int4 is there already; --force/],
  ['a file that is there', ['quantise', '--model', 'tiny', '--out', occupied, '--force'], 2, /is not a folder/],
  [
    'a folder of others',
    ['quantise', '--model', 'tiny', '--out', folder, '--force'],
    2,
    /has no model card of rzero export, so --force does not replace it/,
  ],
  [
    'quantising twice',
    ['quantise', '--model', int4, '--out', join(folder, 'twice')],
    2,
    /is quantised already; name the checkpoint/,
  ],
  ['the model itself', ['quantise', '--model', int4, '--out', int4, '--force'], 2, /is the model itself; name another/],
  ['no model', ['quantise', '--out', join(folder, 'none')], 2, /'--model <dir>' not specified/],
  ['a model that is not there', ['quantise', '--model', join(folder, 'no'), '--out', join(folder, 'y')], 1, /missing/],
];

for (const [claim, args, code, says] of REFUSED) {
  test(`${claim} is refused with its mend`, async () => {
    const printed = await rzero(args);
    assert.equal(printed.code, code, printed.stderr);
    assert.match(printed.stderr, says);
    assert.match(printed.stderr, /^rzero: [^\n]*\n$/);
  });
}

test('--force makes a folder of ours anew', async () => {
  const { code, stderr } = await rzero(['quantise', '--model', 'tiny', '--out', int4, '--force']);
  assert.equal(code, 0, stderr);
  assert.ok(openCheckpoint(int4).places.size > 0);
});

function length(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}
