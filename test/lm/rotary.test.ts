import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rotaryFrequencies, rotaryTables } from '../../src/lm/rotary.js';
import { SHAPES } from '../../src/lm/shapes.js';
import { LLAMA } from '../support/small-models.js';

const near = (found: number, expected: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(found - expected) < tolerance, `${found}, expected ${expected}`);

test('pair i of a head turns by θ^(−2i/S) radians a position', () => {
  const frequencies = rotaryFrequencies({ ...LLAMA, headSize: 8, ropeTheta: 10_000 });
  assert.equal(frequencies.length, 4);
  [1, 0.1, 0.01, 0.001].forEach((expected, i) => {
    near(frequencies[i] as number, expected);
  });
});

test('llama3 scaling keeps short waves, stretches long ones by its factor, and interpolates between them', () => {
  // Original window 32: waves up to 32 / 4 = 8 positions stay, those from 32 / 1 = 32 on are 8 times as long.
  const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 32 };
  const frequencies = rotaryFrequencies({ ...LLAMA, headSize: 6, ropeTheta: 1000, ropeScaling });
  near(frequencies[0] as number, 1); // a wave of 6.28 positions
  // 1000^(−1/3) = 0.1 is a wave of 62.8 positions, 0.01 one of 628.
  near(frequencies[1] as number, 0.1 / 8);
  near(frequencies[2] as number, 0.01 / 8);
  const [, middle] = rotaryFrequencies({ ...LLAMA, headSize: 4, ropeTheta: 16, ropeScaling });
  // 16^(−1/2) = 1/4 turns 32 · (1/4) / 2π = 1.2732395447 times in the window: 0.0910798482 of the way from 1 to 4.
  near(middle as number, 0.9089201518 * (1 / 32) + 0.0910798482 / 4, 1e-9);
});

test("Llama 3.2's short waves stay, and those longer than its first window are stretched 32 times", () => {
  const frequencies = rotaryFrequencies(SHAPES['llama-3.2-1b']);
  const plain = rotaryFrequencies({ ...SHAPES['llama-3.2-1b'], ropeScaling: null });
  // Pairs up to 14 have waves of 500000^(14/32) · 2π = 1956 positions at most, below 8192 / 4; those of pair 18 are 10,089
  // long, above 8192.
  for (let i = 0; i < 32; i++) {
    const ratio = (plain[i] as number) / (frequencies[i] as number);
    if (i <= 14) near(ratio, 1);
    else if (i >= 18) near(ratio, 32, 1e-9);
    else assert.ok(ratio > 1 && ratio < 32, `pair ${i}: ${ratio}`);
  }
});

test('far positions have the angles of exact arithmetic', () => {
  const config = { ...SHAPES['llama-3.2-1b'], ropeScaling: null };
  const position = config.maxPositions - 1;
  const { cos, sin } = rotaryTables(config, position + 1);
  // 131071 · 500000^(−1/32) = 86978.87782606401 and 131071 · 500000^(−5/32) = 16867.182723190937, with 60 digits until the
  // last; in float32 the first cosine would be 0.73793.
  for (const [pair, c, s] of [
    [1, 0.7360236311546725, 0.6769558437460236],
    [5, -0.9996014489997854, 0.028230181677229328],
  ] as const) {
    near((cos.data as Float32Array)[position * 32 + pair] as number, c, 1e-7);
    near((sin.data as Float32Array)[position * 32 + pair] as number, s, 1e-7);
  }
});

test('position 0 is not turned', () => {
  const { cos, sin } = rotaryTables(LLAMA, 1);
  assert.deepEqual(cos.data, new Float32Array(3).fill(1));
  assert.deepEqual(sin.data, new Float32Array(3));
});
