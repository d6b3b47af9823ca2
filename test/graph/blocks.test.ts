import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import onnxProto from 'onnx-proto';
import { InternalError } from '../../src/errors.js';
import { gradients } from '../../src/graph/autodiff.js';
import { dequantizeBlocks, matmulBlocks } from '../../src/graph/blocks.js';
import type { FilePlace, Value } from '../../src/graph/node.js';
import * as ops from '../../src/graph/ops.js';
import { serialize } from '../../src/graph/serialize.js';
import { floats, floatsOf, GraphSession } from '../../src/graph/session.js';
import { Random, stream } from '../../src/random.js';
import { assertClose } from '../support/close.js';
import { temporaryFolder } from '../support/temporary.js';

/** Products with a matrix of 3 blocks a row that lies in a file, after some bytes of something else. */

const [ROWS, INPUTS] = [40, 96];
const random = new Random(stream(1, 'blocks'));
const bytes = Uint8Array.from({ length: (ROWS * INPUTS) / 2 }, () => random.integer(0, 256));
const scales = Float32Array.from({ length: (ROWS * INPUTS) / 32 }, () => 0.1 * random.normal());
/** By the definition: scale · (q − 8), the first of two in the low half of a byte. */
const matrix = Array.from({ length: ROWS * INPUTS }, (_, i) => {
  const byte = bytes[i >> 1] ?? 0;
  return (scales[Math.floor(i / 32)] ?? 0) * ((i % 2 === 0 ? byte & 15 : byte >> 4) - 8);
});

function inFile(t: TestContext): { readonly folder: string; readonly packed: Value; readonly scale: Value } {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'w.bin'), Buffer.concat([new Uint8Array(20), bytes, new Uint8Array(scales.buffer)]));
  const place = (rest: Omit<FilePlace, 'file'>): Value => ops.fileTensor({ file: 'w.bin', ...rest });
  return {
    folder,
    packed: place({ offset: 20, sizeBytes: bytes.length, dims: [ROWS, 3, 16], dtype: 'uint8' }),
    scale: place({ offset: 20 + bytes.length, sizeBytes: scales.byteLength, dims: [ROWS, 3], dtype: 'float32' }),
  };
}

const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());

for (const use of ['pack', 'read'] as const) {
  test(`x · Wᵀ and its gradient are plain arithmetic, where blocks are used to ${use}`, async (t) => {
    const { folder, packed, scale } = inFile(t);
    const x = ops.input('x', ['M', INPUTS]);
    const weights = ops.input('weights', ['M', ROWS]);
    const y = matmulBlocks(x, packed, scale);
    const [gradient] = gradients(ops.sumAll(ops.mul(y, weights)), [x]);
    const graph = { y, gradient: gradient as Value };
    const session = await GraphSession.create(graph, 'cpu', 1, { folder, use });
    for (const count of [1, 2, 37]) {
      const [a, g] = [drawn(count * INPUTS), drawn(count * ROWS)];
      const found = await session.run({ x: floats(a, count, INPUTS), weights: floats(g, count, ROWS) });
      const wanted = Array.from({ length: count * ROWS }, (_, i) => {
        const [m, n] = [Math.floor(i / ROWS), i % ROWS];
        let sum = 0;
        for (let k = 0; k < INPUTS; k++) sum += (a[m * INPUTS + k] ?? 0) * (matrix[n * INPUTS + k] ?? 0);
        return sum;
      });
      assertClose(floatsOf(found, 'y'), wanted, 1e-5, `${count} rows`);
      const backward = Array.from({ length: count * INPUTS }, (_, i) => {
        const [m, k] = [Math.floor(i / INPUTS), i % INPUTS];
        let sum = 0;
        for (let n = 0; n < ROWS; n++) sum += (g[m * ROWS + n] ?? 0) * (matrix[n * INPUTS + k] ?? 0);
        return sum;
      });
      assertClose(floatsOf(found, 'gradient'), backward, 1e-5, `the gradient of ${count} rows`);
    }
  });
}

test('a graph has the newer opset only for blocks as numbers, and zero points of one shape once', (t) => {
  const { packed, scale } = inFile(t);
  const x = ops.input('x', ['M', INPUTS]);
  const opsetOf = (outputs: Readonly<Record<string, Value>>) => {
    const { opsetImport, graph } = onnxProto.onnx.ModelProto.decode(serialize(outputs));
    const initializers = graph?.initializer ?? [];
    return [Number(opsetImport[0]?.version), initializers.filter(({ dataType }) => dataType === 21).length];
  };
  assert.deepEqual(opsetOf({ y: matmulBlocks(x, packed, scale) }), [18, 0]);
  const two = { y: dequantizeBlocks(packed, scale), z: ops.neg(dequantizeBlocks(packed, scale)) };
  assert.deepEqual(opsetOf(two), [21, 3]); // the bytes twice, as each is a tensor of its own, and their zero points
});

test('shapes that do not fit are an error where the graph is written', () => {
  const packed = ops.constant(new Array(32).fill(0), [2, 1, 16], 'uint8');
  const scale = ops.constant([1, 1], [2, 1]);
  assert.throws(() => matmulBlocks(ops.input('x', [3, 31]), packed, scale), InternalError);
  assert.throws(() => matmulBlocks(ops.input('x', [3, 64]), packed, ops.constant([1, 1], [1, 2])), InternalError);
  assert.throws(() => dequantizeBlocks(ops.cast(ops.input('x', [2, 1, 16]), 'uint8'), scale), InternalError);
});
