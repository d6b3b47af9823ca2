import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dequantizedBlocks, quantizedBlocks } from '../../src/lm/block-quantization.js';

const BLOCK = 32;
const rounded = (values: readonly number[]): Float32Array =>
  dequantizedBlocks(quantizedBlocks(Float32Array.from(values)));

/** Weights of one block, of sizes from far below to far above those of models. */
const block = fc
  .tuple(
    fc.integer({ min: -30, max: 30 }),
    fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: BLOCK, maxLength: BLOCK }),
  )
  .map(([exponent, values]) => values.map((x) => Math.fround((x / 1000) * 2 ** exponent)));

const squared = (values: readonly number[], others: ArrayLike<number>): number =>
  values.reduce((sum, x, i) => sum + (x - (others[i] ?? Number.NaN)) ** 2, 0);

test('the squared errors of a block add up to no more than with the largest weight at 7, or at −8', () => {
  fc.assert(
    fc.property(block, (values) => {
      const largest = values.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
      const found = squared(values, rounded(values));
      for (const steps of [7, -7, -8]) {
        const scale = largest / steps;
        const plain = values.map((x) => (scale === 0 ? 0 : scale * Math.max(-8, Math.min(7, Math.round(x / scale)))));
        // A rounding of the scale to float32 is all that may be lost.
        assert.ok(found <= squared(values, plain) * (1 + 1e-5) + 1e-9 * largest ** 2, `${found} with ${steps} steps`);
      }
    }),
  );
});

test('no weight is farther off than half a step, or than what is cut off beyond the last one', () => {
  fc.assert(
    fc.property(block, (values) => {
      const { packed, scales } = quantizedBlocks(Float32Array.from(values));
      const [scale = 0] = scales;
      const found = dequantizedBlocks({ packed, scales });
      values.forEach((x, i) => {
        const inside = Math.max(-8 * Math.abs(scale), Math.min(7 * Math.abs(scale), x * Math.sign(scale)));
        const cut = Math.abs(x * Math.sign(scale) - inside);
        assert.ok(
          Math.abs(x - (found[i] ?? Number.NaN)) <= Math.abs(scale) / 2 + cut + 1e-6 * Math.abs(x),
          `${x} became ${found[i]}`,
        );
      });
    }),
  );
});

test('weights that are multiples of a scale come back as they were', () => {
  const steps = fc.array(fc.integer({ min: -8, max: 7 }), { minLength: BLOCK, maxLength: BLOCK });
  // A scale of few bits, so that no multiple of it is rounded.
  const scale = fc
    .tuple(fc.integer({ min: 1, max: 4095 }), fc.integer({ min: -40, max: 10 }))
    .map(([x, e]) => x * 2 ** e);
  fc.assert(
    fc.property(steps, scale, (list, size) => {
      const values = list.map((step) => step * size + 0); // no −0
      assert.deepEqual(
        [...rounded(values)].map((x) => x + 0),
        values,
      );
    }),
    { numRuns: 300 },
  );
});

test('ternary weights come back as they were', () => {
  const values = Array.from({ length: BLOCK }, (_, i) => [0.04, 0, -0.04][i % 3] ?? 0).map(Math.fround);
  assert.deepEqual(
    [...rounded(values)].map((x) => x + 0),
    values,
  );
});

test('a block of zeros has the scale 0 and stays zeros', () => {
  const { packed, scales } = quantizedBlocks(new Float32Array(2 * BLOCK));
  assert.deepEqual([...scales], [0, 0]);
  assert.deepEqual(new Set(packed), new Set([0x88]));
  assert.deepEqual([...dequantizedBlocks({ packed, scales })], new Array(2 * BLOCK).fill(0));
});

test('blocks stand for themselves: each has a scale of its own, and the first of two neighbours is the low half', () => {
  // 1, 2, 3 … in the first block with a step of 1, and 1000 times that in the second.
  const first = Array.from({ length: BLOCK }, (_, i) => (i % 16) - 8);
  const { packed, scales } = quantizedBlocks(Float32Array.from([...first, ...first.map((x) => 1000 * x)]));
  assert.deepEqual([...scales], [1, 1000]);
  assert.deepEqual([...packed.subarray(0, 3)], [0x10, 0x32, 0x54]);
  assert.deepEqual([...packed.subarray(16)], [...packed.subarray(0, 16)]);
});

test('normal weights lose 8.1 % of their size', () => {
  // Box and Muller's pairs on a grid: 4,096 normal numbers, drawn by nobody.
  const values = Array.from({ length: 4096 }, (_, i) => {
    const u = ((i * 2654435761) % 4096) / 4096 + 1 / 8192;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * ((i * 0.6180339887) % 1));
  });
  const relative = Math.sqrt(squared(values, rounded(values)) / values.reduce((sum, x) => sum + x * x, 0));
  assert.ok(relative > 0.077 && relative < 0.085, `${relative}`);
});
