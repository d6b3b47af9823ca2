import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bfloat16Bits, bfloat16Value, float16Bits, float16Value } from '../support/half-precision.js';

/** The 16-bit floats that tests write are those of PyTorch: `tensor.to(torch.bfloat16)`, `tensor.to(torch.float16)`. */
const OF_PYTORCH = [
  [0, 0x0000, 0x0000],
  [-0, 0x8000, 0x8000],
  [1, 0x3f80, 0x3c00],
  [-1.5, 0xbfc0, 0xbe00],
  [0.1, 0x3dcd, 0x2e66],
  [1 / 3, 0x3eab, 0x3555],
  [1.00390625, 0x3f80, 0x3c04], // a tie of bfloat16: to the even one below
  [1.01171875, 0x3f82, 0x3c0c], // and above
  [1.00048828125, 0x3f80, 0x3c00], // ties of float16
  [1.00146484375, 0x3f80, 0x3c02],
  [65504, 0x4780, 0x7bff],
  [65519.9, 0x4780, 0x7bff],
  [65520, 0x4780, 0x7c00],
  [-70000, 0xc789, 0xfc00],
  [6.1035e-5, 0x3880, 0x0400], // the smallest normal float16
  [6.0975e-5, 0x3880, 0x03ff],
  [5.9604645e-8, 0x3380, 0x0001], // the smallest one
  [2.9802322e-8, 0x3300, 0x0000],
  [2.98023259e-8, 0x3300, 0x0001],
  [8.9406967e-8, 0x33c0, 0x0002],
  [3.3895314e38, 0x7f7f, 0x7c00], // the largest bfloat16
  [3.4e38, 0x7f80, 0x7c00],
  [1e-40, 0x0001, 0x0000],
  [Number.POSITIVE_INFINITY, 0x7f80, 0x7c00],
  [Number.NEGATIVE_INFINITY, 0xff80, 0xfc00],
] as const;

test('numbers are rounded to 16 bits as PyTorch rounds them', () => {
  for (const [x, brain, half] of OF_PYTORCH) {
    assert.equal(bfloat16Bits(x), brain, `bfloat16 of ${x}`);
    assert.equal(float16Bits(x), half, `float16 of ${x}`);
  }
  assert.ok(Number.isNaN(bfloat16Value(bfloat16Bits(Number.NaN))));
  assert.ok(Number.isNaN(float16Value(float16Bits(Number.NaN))));
});

for (const [type, bits, value] of [
  ['bfloat16', bfloat16Bits, bfloat16Value],
  ['float16', float16Bits, float16Value],
] as const) {
  test(`every ${type} comes back as it was`, () => {
    for (let half = 0; half < 2 ** 16; half++) if (!Number.isNaN(value(half))) assert.equal(bits(value(half)), half);
  });

  test(`no other ${type} is nearer`, () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -60_000, max: 60_000 }), (x) => {
        const half = bits(x);
        const distance = Math.abs(value(half) - x);
        for (const other of [half - 1, half + 1])
          if (other >= 0) assert.ok(!(Math.abs(value(other) - x) < distance), `${x}: ${other} is nearer than ${half}`);
      }),
    );
  });
}
