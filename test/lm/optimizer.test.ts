import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumericalError } from '../../src/errors.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { Random, stream } from '../../src/random.js';
import type { UpdateTask } from '../../src/workers/tasks.js';
import { engineFor, QWEN3, sharpWeights } from '../support/small-models.js';

const engine = engineFor(QWEN3);
const layout = parameterLayout(QWEN3);
const zeros = (): Float32Array => new Float32Array(layout.size);
const normals = (seed: number): Float32Array => {
  const random = new Random(stream(seed, 'gradient'));
  return Float32Array.from({ length: layout.size }, () => random.normal());
};

const ADAMW = { optimizer: 'adamw', beta1: 0.9, beta2: 0.99 } as const;
const MUON = { optimizer: 'muon', beta1: 0.9, beta2: 0.99 } as const;

const task = (changes: Partial<UpdateTask>): UpdateTask => ({
  optimizer: ADAMW,
  weights: sharpWeights(QWEN3, 1),
  gradient: normals(1),
  first: zeros(),
  second: zeros(),
  learningRate: 0.01,
  muonLearningRate: 0.02,
  weightDecay: 0.1,
  gradientClip: 1e9,
  step: 1,
  ...changes,
});

/** AdamW's formula in double precision: three updates from zero moments. */
function adamwByHand(weights: Float32Array, gradients: readonly Float32Array[], clip: number): Float64Array {
  const w = Float64Array.from(weights);
  const [first, second] = [new Float64Array(w.length), new Float64Array(w.length)];
  gradients.forEach((gradient, t) => {
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    const scale = Math.min(1, clip / norm);
    for (let i = 0; i < w.length; i++) {
      const g = (gradient[i] as number) * scale;
      const m = 0.9 * (first[i] as number) + 0.1 * g;
      const v = 0.99 * (second[i] as number) + 0.01 * g * g;
      [first[i], second[i]] = [m, v];
      const direction = m / (1 - 0.9 ** (t + 1)) / (Math.sqrt(v / (1 - 0.99 ** (t + 1))) + 1e-8);
      w[i] = (w[i] as number) - 0.01 * (direction + 0.1 * (w[i] as number));
    }
  });
  return w;
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] as number))), 0);

for (const [name, clip] of [
  ['without clipping', 1e9],
  ['with the gradient clipped at every step', 0.5],
] as const) {
  test(`three steps of AdamW follow its formula ${name}`, async () => {
    const gradients = [normals(2), normals(3), normals(4)];
    let state: Pick<UpdateTask, 'weights' | 'first' | 'second'> = task({});
    for (const [i, gradient] of gradients.entries())
      state = await engine.update(task({ ...state, gradient, gradientClip: clip, step: i + 1 }));
    const expected = adamwByHand(task({}).weights, gradients, clip);
    assert.ok(largestDifference(expected, state.weights) < 1e-6);
    assert.ok(largestDifference(task({}).weights, state.weights) > 0.01, 'they moved');
  });
}

test('a gradient is scaled to the clip, and its norm before that is reported', async () => {
  const gradient = normals(5);
  const norm = Math.hypot(...gradient);
  const { gradNorm, first } = await engine.update(task({ gradient, gradientClip: 2 }));
  assert.ok(Math.abs(gradNorm - norm) < 1e-4 * norm);
  assert.ok(Math.abs(Math.hypot(...first) - 0.1 * 2) < 1e-5); // (1 − β1) · clip
});

test('a gradient below the clip is left as it is', async () => {
  const { first } = await engine.update(task({ gradientClip: 1e6 }));
  assert.ok(
    largestDifference(
      normals(1).map((g) => 0.1 * g),
      first,
    ) < 1e-6,
  );
});

test('decay alone shrinks weights by the rate times the decay', async () => {
  const { weights } = await engine.update(task({ gradient: zeros() }));
  assert.ok(
    largestDifference(
      task({}).weights.map((w) => w * (1 - 0.01 * 0.1)),
      weights,
    ) < 1e-6,
  );
});

/** Singular values of a matrix: roots of the eigenvalues of its Gram matrix, by Jacobi's rotations. */
function singularValues(data: Float32Array, rows: number, columns: number): number[] {
  const [n, length] = rows < columns ? [rows, columns] : [columns, rows];
  const at = (i: number, k: number): number => data[rows < columns ? i * columns + k : k * columns + i] as number;
  const gram = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += at(i, k) * at(j, k);
      return sum;
    }),
  );
  for (let sweep = 0; sweep < 12; sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(gram, p, q);
  return gram.map((row, i) => Math.sqrt(Math.max(0, row[i] as number)));
}

/** Makes element (p, q) of a symmetric matrix zero. */
function rotate(matrix: readonly Float64Array[], p: number, q: number): void {
  const value = (i: number, j: number): number => matrix[i]?.[j] ?? Number.NaN;
  if (Math.abs(value(p, q)) < 1e-14) return;
  const angle = 0.5 * Math.atan2(2 * value(p, q), value(q, q) - value(p, p));
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (const row of matrix) {
    const [a, b] = [row[p] as number, row[q] as number];
    [row[p], row[q]] = [c * a - s * b, s * a + c * b];
  }
  const [above, below] = [matrix[p] as Float64Array, matrix[q] as Float64Array];
  for (let j = 0; j < above.length; j++) {
    const [a, b] = [above[j] as number, below[j] as number];
    [above[j], below[j]] = [c * a - s * b, s * a + c * b];
  }
}

test('the singular values of a matrix known by hand', () => {
  // [[3, 0], [4, 5]]: A·Aᵀ has trace 50 and determinant 225, so its eigenvalues are 45 and 5.
  const found = singularValues(Float32Array.of(3, 0, 4, 5), 2, 2).sort((a, b) => a - b);
  assert.ok(largestDifference([Math.sqrt(5), Math.sqrt(45)], found) < 1e-9);
});

test('Muon moves each projection in a nearly orthogonal direction', async () => {
  const weights = zeros(); // so that what is left after a step of rate 1 is the direction
  const updated = await engine.update(task({ optimizer: MUON, weights, muonLearningRate: 1, gradient: normals(6) }));
  const projections = layout.parameters.filter(({ kind }) => kind === 'projection');
  assert.equal(projections.length, 14);
  for (const { name, shape, offset, size } of projections) {
    const [rows, columns] = shape as readonly [number, number];
    const scale = Math.sqrt(Math.max(1, columns / rows));
    const direction = updated.weights.slice(offset, offset + size).map((x) => -x / scale);
    for (const value of singularValues(direction, rows, columns))
      assert.ok(value > 0.6 && value < 1.3, `${name} has the singular value ${value}`);
    const along = direction.reduce((sum, x, i) => sum + x * (normals(6)[offset + i] as number), 0);
    assert.ok(along > 0, `${name} goes down its gradient`);
  }
});

test('with Muon, embeddings and norms are updated as AdamW does', async () => {
  const muon = await engine.update(task({ optimizer: MUON }));
  const adamw = await engine.update(task({}));
  for (const { name, kind, offset, size } of layout.parameters) {
    const part = (weights: Float32Array): Float32Array => weights.slice(offset, offset + size);
    if (kind === 'projection') assert.ok(largestDifference(part(muon.weights), part(adamw.weights)) > 1e-3, name);
    else assert.ok(largestDifference(part(muon.weights), part(adamw.weights)) < 1e-7, name);
  }
});

for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a gradient with ${bad} is refused with the step's number`, async () => {
    const gradient = normals(7);
    gradient[100] = bad;
    await assert.rejects(
      engine.update(task({ gradient, step: 3 })),
      (error) => error instanceof NumericalError && /update 3/.test(error.message) && error.details['step'] === 3,
    );
  });
}
