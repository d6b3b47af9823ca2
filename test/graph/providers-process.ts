import assert from 'node:assert/strict';
import { halfValues } from '../../src/graph/halves.js';
import type { Value } from '../../src/graph/node.js';
import * as ops from '../../src/graph/ops.js';
import { floats, floatsOf, GraphSession, integers, type TensorData, words } from '../../src/graph/session.js';
import { Random, stream } from '../../src/random.js';
import { claim } from '../support/claims.js';
import { assertOutputsClose } from '../support/close.js';
import { gradientProblem } from '../support/gradient-check.js';
import { OPERATOR_CASES } from '../support/operator-cases.js';

/** Each operator on the CPU and on WebGPU: run in a process that finds a driver. */

const TOLERANCE = 2e-5;

type Graph = Readonly<Record<string, Value>>;
type Feeds = Readonly<Record<string, TensorData>>;

async function assertSame(graph: Graph, feeds: Feeds, what: string, tolerance = TOLERANCE): Promise<void> {
  const [wanted, found] = [
    await (await GraphSession.create(graph, 'cpu', 1)).run(feeds),
    await (await GraphSession.create(graph, 'webgpu', 1)).run(feeds),
  ];
  assertOutputsClose(found, wanted, tolerance, what);
}

for (const [op, make] of Object.entries(OPERATOR_CASES)) {
  await claim(`${op} and its gradient are the same on both providers`, async () => {
    for (let seed = 0; seed < 3; seed++) {
      const random = new Random(stream(seed, op));
      const { graph, output, feeds } = gradientProblem(
        make(() => random.integer(1, 5)),
        seed,
      );
      await assertSame({ output, ...graph }, feeds, `seed ${seed}`);
    }
  });
}

/** Different numbers in no order, so that there is one largest of each row. */
const drawn = (...dims: number[]): TensorData => {
  const random = new Random(stream(dims.length, 'drawn'));
  const count = dims.reduce((a, b) => a * b, 1);
  return floats(
    Float32Array.from(random.shuffled(Array.from({ length: count }, (_, i) => i)), (i) => (i + 0.5) / count - 0.4),
    ...dims,
  );
};
const whole = (...values: number[]): TensorData => integers(BigInt64Array.from(values, BigInt), values.length);
const x = ops.input('x', ['B', 7]);
const wide = ops.input('x', ['B', 1300]);
const [a, b] = [ops.input('a', [3, 4]), ops.input('b', [5, 4])];
const i = ops.input('i', [3], 'int64');
const row = { x: drawn(3, 7) };

/** Operators without a gradient, and the ways that WebGPU takes of its own. */
const FORWARD: Readonly<Record<string, readonly [Graph, Feeds]>> = {
  ArgMax: [{ y: ops.argMax(x), column: ops.argMaxColumn(x) }, row],
  CumSum: [{ y: ops.cumulativeSum(x) }, row],
  'CumSum of more than a block': [{ y: ops.cumulativeSum(wide) }, { x: drawn(2, 1300) }],
  'CumSum of whole blocks': [{ y: ops.cumulativeSum(ops.slice(wide, 1, 0, 1024)) }, { x: drawn(2, 1300) }],
  SortDescending: [{ y: ops.sortDescending(x, 4) }, row],
  ReduceMax: [{ y: ops.reduceMax(x, [-1]) }, row],
  Comparisons: [
    Object.fromEntries(
      [ops.less(x, ops.constant(0.1)), ops.lessOrEqual(ops.constant(0.1), x), ops.equal(x, x)].map((y, n) => [
        `y${n}`,
        ops.cast(y, 'float32'),
      ]),
    ),
    row,
  ],
  OneHot: [{ y: ops.oneHot(i, 6) }, { i: whole(0, 5, 2) }],
  GatherElements: [{ y: ops.gatherElements(x, ops.argMaxColumn(x)) }, row],
  'TokenLogprob of the likeliest': [{ y: ops.tokenLogprob(x, ops.reshape(ops.argMaxColumn(x), ['B'])) }, row],
  ScatterAdd: [
    { y: ops.scatterAdd(b, i, ops.transpose(ops.input('u', [4, 3]), [1, 0])) },
    { b: drawn(5, 4), i: whole(4, 1, 4), u: drawn(4, 3) },
  ],
  Split: [
    Object.fromEntries(ops.split(x, 1, ops.input('sizes', [2], 'int64'), ['M', 'N']).map((y, n) => [`y${n}`, y])),
    { ...row, sizes: whole(3, 4) },
  ],
  'MatMul by a turned matrix': [{ y: ops.matmul(a, ops.transposed(b)) }, { a: drawn(3, 4), b: drawn(5, 4) }],
  'MatMul of a turned matrix': [
    { y: ops.matmul(ops.transposed(ops.input('c', [4, 2])), ops.transposed(b)) },
    { b: drawn(5, 4), c: drawn(4, 2) },
  ],
  MatMulTransposed: [
    {
      y: ops.matmulTransposed(a, b),
      batch: ops.matmulTransposed(ops.input('c', ['B', 1, 4]), b),
      batches: ops.matmulTransposed(ops.input('d', ['B', 'T', 4]), b),
    },
    { a: drawn(3, 4), b: drawn(5, 4), c: drawn(2, 1, 4), d: drawn(2, 3, 4) },
  ],
  Zeros: [
    { y: ops.zeros([2, 'B'], ops.concat([ops.constant([2], [1], 'int64'), ops.input('n', [1], 'int64')], 0)) },
    { n: whole(3) },
  ],
  // The number of turns, what is carried and what is stacked, and a value captured from outside.
  Loop: [loopGraph(), { ...row, turns: integers(BigInt64Array.of(3n)) }],
  // A norm of one long row, which the provider's kernel splits among workgroups.
  'RmsNorm of a single long row': [
    { y: ops.rmsNorm(ops.input('x', ['B', 1024]), ops.input('w', [1024]), 1e-6) },
    { x: drawn(1, 1024), w: drawn(1024) },
  ],
};

function loopGraph(): Graph {
  const [iteration, sum] = [ops.input('iteration', [], 'int64'), ops.input('sum', ['B', 7])];
  const logprob = ops.reshape(ops.tokenLogprob(x, ops.argMax(sum)), ['B', 1]);
  const column = ops.gather(ops.transpose(x, [1, 0]), iteration); // [B]
  const body = { iteration, carried: [sum], nextCarried: [ops.add(sum, logprob)], stacked: [column] };
  const [total, columns] = ops.loop(ops.input('turns', [], 'int64'), [x], body, [['B', 7]], 'N');
  return { total: total as Value, columns: columns as Value };
}

for (const [name, [graph, feeds]] of Object.entries(FORWARD)) {
  await claim(`${name} is the same on both providers`, () => assertSame(graph, feeds, name));
}

await claim('every number of 16 bits is widened to the very float32 that it is', async () => {
  const codes = Uint16Array.from({ length: 2 ** 16 }, (_, n) => n * 40_503); // odd, so that each is there once
  for (const format of ['float16', 'bfloat16'] as const) {
    const graph = { y: ops.cast(ops.input('w', [64, 1024], format), 'float32') };
    const session = await GraphSession.create(graph, 'webgpu', 1);
    const found = floatsOf(await session.run({ w: words(new Uint32Array(codes.buffer), 64, 512) }), 'y');
    const wanted = halfValues(format);
    for (const [n, code] of codes.entries()) assert.ok(Object.is(found[n], wanted[code]), `${format} ${code}`);
  }
});

await claim('products with a matrix that is widened some rows at a time are those with the whole', async () => {
  const [columns, rows] = [2 ** 15, 513]; // the last row is a part of its own
  const weight = ops.cast(ops.input('w', [rows, columns], 'bfloat16'), 'float32');
  const [g, z] = [ops.input('g', [2, rows]), ops.input('z', [2, columns])];
  const graph = { forward: ops.matmulTransposed(z, weight), back: ops.matmul(g, weight) };
  // 1.0 and 2.0 in turn, but for the last row, of 3.0 and 4.0
  const pairs = new Uint32Array((rows * columns) / 2).fill(0x4000_3f80);
  pairs.fill(0x4080_4040, ((rows - 1) * columns) / 2);
  const feeds = {
    w: words(pairs, rows, columns / 2),
    g: floats(new Float32Array(2 * rows).fill(1), 2, rows),
    z: floats(new Float32Array(2 * columns).fill(2 ** -10), 2, columns),
  };
  const found = await (await GraphSession.create(graph, 'webgpu', 1)).run(feeds);
  const [forward, back] = [floatsOf(found, 'forward'), floatsOf(found, 'back')];
  // 2^14 · (1 + 2) · 2^-10 = 48, and 2^14 · (3 + 4) · 2^-10 = 112
  for (const n of [0, 511, 513]) assert.equal(forward[n], 48);
  for (const n of [512, 1025]) assert.equal(forward[n], 112);
  // 512 · 1 + 3 = 515, and 512 · 2 + 4 = 1028
  for (const [n, x] of back.entries()) assert.equal(x, n % 2 === 0 ? 515 : 1028);
});
