import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients, MissingGradientError } from '../../src/graph/autodiff.js';
import { DIFFERENTIABLE_OPS } from '../../src/graph/gradients.js';
import type { Value } from '../../src/graph/node.js';
import * as ops from '../../src/graph/ops.js';
import { floats, floatsOf, GraphSession } from '../../src/graph/session.js';
import { Random, stream } from '../../src/random.js';
import { checkGradient } from '../support/gradient-check.js';
import { OPERATOR_CASES } from '../support/operator-cases.js';

test('there is a numerical check for every operator that has a gradient rule', () => {
  const checked = new Set<string>([...Object.keys(OPERATOR_CASES), 'StopGradient']); // StopGradient has a test of its own
  assert.deepEqual(
    DIFFERENTIABLE_OPS.filter((op) => !checked.has(op)),
    [],
  );
});

for (const [op, make] of Object.entries(OPERATOR_CASES)) {
  test(`the gradient of ${op} equals central differences on random shapes`, async () => {
    for (let seed = 0; seed < 4; seed++) {
      const random = new Random(stream(seed, op));
      await checkGradient(
        make(() => random.integer(1, 5)),
        seed,
      );
    }
  });
}

test('no gradient flows through StopGradient', async () => {
  // f = x · stop(x): the gradient is x, where it would be 2x without the stop
  const x = ops.input('x', [3]);
  const [gradient] = gradients(ops.sumAll(ops.mul(x, ops.stopGradient(x))), [x]);

  const session = await GraphSession.create({ gradient: gradient as Value }, 'cpu', 1);
  const result = await session.run({ x: floats(Float32Array.of(1, 2, 3), 3) });
  assert.deepEqual([...floatsOf(result, 'gradient')], [1, 2, 3]);
});

test('a value that is used twice has the sum of both gradients', async () => {
  await checkGradient({ shapes: [[3]], f: ([x]) => ops.add(ops.mul(x as Value, x as Value), ops.exp(x as Value)) }, 1);
});

test('an operator without a rule on the way to a weight is an error that names it', () => {
  const x = ops.input('x', [3]);
  assert.throws(
    () => gradients(ops.sumAll(ops.cumulativeSum(x)), [x]),
    (error) => error instanceof MissingGradientError && /CumSum/.test(error.message),
  );
});

test('a target that the loss does not depend on is an error that names it', () => {
  const [x, unused] = [ops.input('x', [3]), ops.input('unused', [3])];
  assert.throws(() => gradients(ops.sumAll(x), [x, unused]), /does not depend on unused/);
});
