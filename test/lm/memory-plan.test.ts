import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceFormats } from '../../src/lm/device-formats.js';
import type { LoraSettings } from '../../src/lm/lora.js';
import { type MemoryDemand, memoryPlan, totalBytes } from '../../src/lm/memory-plan.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { SHAPES } from '../../src/lm/shapes.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';

const LORA: LoraSettings = { rank: 16, alpha: 32, targets: [...LORA_TARGETS] };
const config = SHAPES['qwen3-0.6b'];
const F32 = 4 * parameterLayout(config).size;
const DEMAND: MemoryDemand = {
  config,
  storedBytes: F32,
  quantized: false,
  device: 'none',
  deviceFormats: deviceFormats(config, () => 'float32', 'stored'),
  lora: LORA,
  workers: 1,
  longest: 512,
  learners: 'Challenger and Solver',
  sequences: 8,
  microBatchTokens: 2048,
  recompute: true,
};
const plan = (change: Partial<MemoryDemand> = {}) => memoryPlan({ ...DEMAND, ...change });
const bytesOf = (parts: ReturnType<typeof memoryPlan>, word: string): number =>
  parts.filter(({ name }) => name.includes(word)).reduce((sum, { bytes }) => sum + bytes, 0);

test('frozen weights are counted in their files once, and once as decoding has them', () => {
  assert.equal(bytesOf(plan(), 'mapped'), F32);
  assert.equal(bytesOf(plan(), 'as decoding has them'), F32);
  assert.equal(bytesOf(plan({ storedBytes: F32 / 2 }), 'mapped'), F32 / 2);
  // Two workers share the files, and each has its own packed copy.
  assert.equal(bytesOf(plan({ workers: 2 }), 'mapped'), F32);
  assert.equal(bytesOf(plan({ workers: 2 }), 'as decoding has them'), 2 * F32);
});

test('weights in 4 bits are half a byte each for decoding, but for the embedding and the norms', () => {
  // Qwen3-0.6B: 440,401,920 weights of projections, 155,648,000 others
  const packed = bytesOf(plan({ quantized: true }), 'as decoding has them');
  assert.equal(packed, 0.5 * 440_401_920 + 4 * (F32 / 4 - 440_401_920));
});

test('keys and values are those of the seats, by arithmetic', () => {
  // 8 sequences of 512 tokens: 28 layers of 8 heads of 128, keys and values, 4 bytes; half as much again while lanes grow.
  assert.equal(bytesOf(plan(), 'keys and values'), 1.5 * 8 * 512 * 28 * 8 * 128 * 2 * 4);
  assert.equal(bytesOf(plan({ sequences: 1e6 }), 'keys and values'), 1.5 * 4 * 2 ** 30); // where seats end
});

test('a step of 4 x 512 tokens at the shape of Qwen3-0.6B is planned near the 1.1 GB that it takes beside the weights', () => {
  const activations = bytesOf(plan(), 'activations');
  assert.ok(activations > 1.1e9 && activations < 1.5e9, `${activations}`); // npm run bench:scale
});

test('activations that are kept take those of all layers, 28 here', () => {
  const ratio = bytesOf(plan({ recompute: false }), 'activations') / bytesOf(plan(), 'activations');
  assert.ok(ratio > 8 && ratio < 28, `${ratio}`);
});

test('on a device the graphs are there, with a copy of the weights to train on, and the rest is here', () => {
  const [here, there] = [plan(), plan({ device: 'copy of each graph' })];
  assert.equal(totalBytes(here, 'device'), 0);
  const graphs = ['for decoding', 'for training', 'keys', 'activations'].map((word) => bytesOf(there, word));
  assert.equal(
    totalBytes(there, 'device'),
    graphs.reduce((sum, x) => sum + x, 0),
  );
  const both = totalBytes(there, 'memory') + totalBytes(there, 'device');
  assert.equal(Math.round(both - F32), Math.round(totalBytes(here, 'memory')));
});

const onDevice = (change: Partial<MemoryDemand>, word: string): number =>
  bytesOf(
    plan({ ...change, device: 'one copy' }).filter(({ where }) => where === 'device'),
    word,
  );

test('where tensors stay on the device, one copy of the weights serves decoding and training', () => {
  assert.equal(onDevice({}, 'weights'), F32);
});

test('weights of 16 bits take half of that, but for the vectors, and what a part of the largest takes as float32', () => {
  const vectors = 28 * (2 * 1024 + 2 * 128) + 1024; // two norms of each layer and of its heads, and the last
  for (const [stored, wanted] of [
    ['bfloat16', 'stored'],
    ['float16', 'stored'],
    ['bfloat16', 'float16'],
    ['float32', 'float16'],
  ] as const) {
    const formats = deviceFormats(config, () => stored, wanted);
    assert.equal(onDevice({ deviceFormats: formats }, 'decoding and training'), F32 / 2 + 2 * vectors);
    assert.equal(onDevice({ deviceFormats: formats }, 'as they become F32'), 8 * 2 ** 24);
  }
  const whole = deviceFormats(config, () => 'bfloat16', 'float32');
  assert.equal(onDevice({ deviceFormats: whole }, 'weights'), F32);
});

test('where all weights learn, there are moments of all of them and no mapped file', () => {
  const parts = plan({ lora: null });
  assert.equal(bytesOf(parts, 'mapped'), 0);
  assert.ok(totalBytes(parts, 'memory') > 16 * F32);
});

test('Qwen3-4B with adapters fits one GPU of 80 GB beside the default counts of the paper', () => {
  const large = SHAPES['qwen3-4b'];
  const storedBytes = 2 * parameterLayout(large).size; // BF16
  const parts = plan({ config: large, storedBytes, device: 'copy of each graph', longest: 2560, sequences: 5000 });
  assert.ok(totalBytes(parts, 'device') < 80e9, `${totalBytes(parts, 'device')}`);
});

test('fine-tuning decodes nothing, and one set of weights learns', () => {
  const tuned = plan({ learners: 'the model', sequences: 0, lora: null });
  assert.equal(bytesOf(tuned, 'decoding'), 0);
  assert.equal(bytesOf(tuned, 'moments of the model'), 5 * F32); // before, now, shared, and two moments
  assert.equal(bytesOf(plan({ learners: 'the model', sequences: 0 }), 'decoding'), 0);
});
