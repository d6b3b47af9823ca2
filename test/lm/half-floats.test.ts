import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeTensor } from '../../src/export/export-file.js';
import { toBfloat16, toFloat16 } from '../../src/lm/half-floats.js';
import { fromBfloat16, fromFloat16 } from '../export/read-gguf.js';

const half = (value: number): number => toFloat16(Float32Array.of(value))[0] ?? -1;
const brain = (value: number): number => toBfloat16(Float32Array.of(value))[0] ?? -1;

test('known values have their bits in float16', () => {
  for (const [value, bits] of [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff], // the largest
    [65519, 0x7bff],
    [65520, 0x7c00], // midway to the next, which there is not: to even, infinity
    [2 ** -14, 0x0400], // the smallest of full precision
    [2 ** -24, 0x0001], // the smallest of all
    [2 ** -25, 0x0000], // half of it: to even
    [2 ** -25 * 1.001, 0x0001],
    [1 + 2 ** -11, 0x3c00], // midway: to even, down
    [1 + 3 * 2 ** -11, 0x3c02], // midway: to even, up
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [1 / 3, 0x3555],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ] as const)
    assert.equal(half(value), bits, String(value));
  assert.ok(Number.isNaN(fromFloat16(half(Number.NaN))));
});

test('known values have their bits in bfloat16', () => {
  for (const [value, bits] of [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3f80],
    [-2, 0xc000],
    [1 + 2 ** -8, 0x3f80], // midway: to even, down
    [1 + 3 * 2 ** -8, 0x3f82], // midway: to even, up
    [1 + 2 ** -8 + 2 ** -20, 0x3f81],
    [1 / 3, 0x3eab],
    [3.4e38, 0x7f80], // above the midway of the largest and the next
    [1e-40, 0x0001], // 1.09 steps of 2^-133
    [Number.POSITIVE_INFINITY, 0x7f80],
  ] as const)
    assert.equal(brain(value), bits, String(value));
  assert.ok(Number.isNaN(fromBfloat16(brain(Number.NaN))));
});

test('each of the 65,536 bits that is a number comes back as it was', () => {
  for (const [convert, value] of [
    [toFloat16, fromFloat16],
    [toBfloat16, fromBfloat16],
  ] as const) {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => !Number.isNaN(value(bits)));
    assert.deepEqual([...convert(Float32Array.from(all, value))], all);
  }
});

test('any value comes to the nearest one, and midway to the even one', () => {
  for (const [convert, value, infinite] of [
    [half, fromFloat16, 0x7c00],
    [brain, fromBfloat16, 0x7f80],
  ] as const)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: infinite - 2 }), fc.constantFrom(0, 0.25, 0.5, 0.75), (bits, way) => {
        const [low, high] = [value(bits), value(bits + 1)];
        const between = low + way * (high - low);
        fc.pre(Math.fround(between) === between);
        const up = way > 0.5 || (way === 0.5 && bits % 2 === 1);
        assert.equal(convert(between), up ? bits + 1 : bits);
        assert.equal(convert(-between), (up ? bits + 1 : bits) | 0x8000);
      }),
      { numRuns: 2000 },
    );
});

test('a value that is too large for its type is refused by name, and so is one that is not finite', () => {
  const tensor = (value: number, dtype: 'f32' | 'f16' | 'bf16'): Uint8Array =>
    Buffer.concat([...encodeTensor('w', Float32Array.of(1, value), dtype)]);
  assert.throws(() => tensor(70_000, 'f16'), /w has the value 70000, too large for f16; use --dtype bf16 or f32/);
  assert.throws(() => tensor(3.4e38, 'bf16'), /too large for bf16; use --dtype f32/);
  for (const dtype of ['f32', 'f16', 'bf16'] as const) {
    assert.throws(() => tensor(Number.NaN, dtype), /w has a value that is not finite/);
    assert.throws(() => tensor(Number.NEGATIVE_INFINITY, dtype), /not finite/);
  }
  assert.equal(tensor(70_000, 'bf16').length, 4);
});
