import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfValues } from '../../src/graph/halves.js';
import { lower } from '../../src/graph/lower.js';
import { topologicalOrder, type Value } from '../../src/graph/node.js';
import * as ops from '../../src/graph/ops.js';
import { WEBGPU } from '../../src/graph/webgpu.js';
import { WIDENED_AT_A_TIME } from '../../src/graph/webgpu-halves.js';
import { bfloat16Value, float16Value } from '../support/half-precision.js';

const lowered = (output: Value): Value => lower({ output }, WEBGPU)['output'] as Value;
const opsOf = (output: Value): string[] => topologicalOrder([output]).map(({ op }) => op);
const matrix = (rows: number, columns: number): Value => ops.input('w', [rows, columns], 'bfloat16');

test('the tables have every number of 16 bits as the float32 that it stands for', () => {
  for (const [format, value] of [
    ['float16', float16Value],
    ['bfloat16', bfloat16Value],
  ] as const) {
    const found = halfValues(format);
    assert.equal(found.length, 2 ** 16);
    for (let bits = 0; bits < 2 ** 16; bits++) assert.ok(Object.is(found[bits], value(bits)), `${format} ${bits}`);
  }
});

test('on WebGPU a matrix of 16 bits is an input of pairs, and no value of 16 bits is left', () => {
  const product = lowered(ops.matmulTransposed(ops.input('x', ['B', 6]), ops.cast(matrix(4, 6), 'float32')));
  const nodes = topologicalOrder([product]);
  const [pairs] = nodes.flatMap(({ attributes: { input } }) => (input?.name === 'w' ? [input] : []));
  assert.deepEqual([pairs?.dtype, pairs?.shape], ['uint32', [4, 3]]);
  for (const { inputs } of nodes) for (const { dtype } of inputs) assert.doesNotMatch(dtype, /float16/);
});

test('rows of an embedding are taken as pairs, and only they are widened', () => {
  const rows = lowered(ops.cast(ops.gather(matrix(9, 6), ops.input('i', ['B', 'T'], 'int64')), 'float32'));
  const [first, second] = topologicalOrder([rows]).filter(({ op }) => op === 'Gather');
  assert.deepEqual(first?.inputs[0]?.shape, [9, 3]); // the rows of tokens
  assert.deepEqual(second?.inputs[0]?.shape, [2 ** 16]); // what each code stands for
  assert.deepEqual(rows.shape, ['B', 'T', 6]);
});

test('a matrix that would be large as float32 is widened some rows at a time', () => {
  const columns = 2 ** 12;
  const rows = WIDENED_AT_A_TIME / columns + 1;
  const weight = (count: number): Value => ops.cast(matrix(count, columns), 'float32');
  const [x, g] = [ops.input('x', ['B', columns]), ops.input('g', ['B', rows])];
  const parts = (output: Value): number => opsOf(lowered(output)).filter((op) => op === 'Slice').length;
  assert.equal(parts(ops.matmulTransposed(x, weight(rows))), 2); // of the matrix
  assert.equal(parts(ops.matmul(g, weight(rows))), 4); // of both
  assert.equal(parts(ops.matmulTransposed(x, weight(rows - 1))), 0);
});

test('rows that do not lie in pairs are a mistake of ours', () => {
  assert.throws(() => lowered(ops.cast(matrix(2, 5), 'float32')), /w: rows of 5 numbers of 16 bits/);
});
