import { InternalError } from '../errors.js';
import type { Lowering, Lowerings } from './lower.js';
import type { Node, Value } from './node.js';
import {
  add,
  cast,
  concat,
  constant,
  constantTensor,
  cumulativeSum,
  div,
  equal,
  exp,
  gatherElements,
  gemm,
  log,
  matmul,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  sqrt,
  sub,
  transpose,
} from './ops.js';
import { HALVES, rowsInParts } from './webgpu-halves.js';

/**
 * What WebGPU runs in place of the operators that ONNX Runtime 1.30's provider lacks, gets wrong or is slow at:
 * - the second output of SimplifiedLayerNormalization is the mean there, not the inverse root of the mean square;
 * - LogSoftmax and OneHot would go to the CPU, and with them a whole batch of logits;
 * - FusedMatMul would go there too, and a Transpose before a MatMul is a copy of the matrix: Gemm turns it while it reads;
 * - CumSum adds up from the start for each element: over 151,936 of them it took 131 s where the CPU took 6 ms;
 * - a Loop stays on the CPU, and what it carries and stacks goes there and back at each turn;
 * - weights of 16 bits are pairs in whole numbers of 32 (`webgpu-halves.ts`);
 * - integers of 64 bits are only known as indices, so that everything else about them is done on the CPU. What the device has
 *   made (the sampled token) must not go there and back in the middle of a graph.
 */
export const WEBGPU: Lowerings = {
  ...HALVES,

  RmsNorm: (node, [x, weight], graph) => {
    if (x === undefined || weight === undefined || !graph.reads(node, 1)) return null;
    const size = x.shape.at(-1) as number;
    const meanSquare = mul(reduceSum(mul(x, x), [-1]), constant(1 / size));
    const inverse = div(constant(1), sqrt(add(meanSquare, constant(node.attributes.epsilon ?? 1e-6))));
    return [{ node: { ...node, inputs: [x, weight] }, output: 0, shape: x.shape, dtype: x.dtype }, inverse];
  },

  TokenLogprob: (_node, [logits, target]) => {
    if (logits === undefined || target === undefined) return null;
    const shifted = sub(logits, reduceMax(logits, [-1])); // […, V]
    const picked = gatherElements(shifted, column(target)); // […, 1]
    return [reshape(sub(picked, log(reduceSum(exp(shifted), [-1]))), target.shape)];
  },

  OneHot: ({ attributes }, [indices]) => {
    if (indices === undefined || attributes.depth === undefined) return null;
    const classes = Float32Array.from({ length: attributes.depth }, (_, i) => i); // exact: no vocabulary has 2²⁴ tokens
    return [cast(equal(cast(column(indices), 'float32'), constantTensor(classes, [classes.length])), 'float32')];
  },

  CumSum: (_node, [x]) => (x === undefined || size(x) <= CUMULATIVE_BLOCK ? null : [inBlocks(x)]),

  MatMulTransposed: (node, [a, b], graph) => {
    if (a === undefined || b === undefined) return null;
    const product = (matrix: Value): Value =>
      byRows(a, (rows) => gemm(rows, matrix, false, true)) ?? matmul(a, transpose(matrix, [1, 0]));
    const parts = rowsInParts(node.inputs[1] as Value, graph.replaced);
    return [parts === null ? product(b) : concat(parts.map(product), -1)];
  },

  MatMul: (node, [a, b], graph) => {
    if (a === undefined || b === undefined || b.shape.length !== 2) return null;
    const parts = rowsInParts(node.inputs[1] as Value, graph.replaced);
    if (parts !== null) return [sumOfProducts(a, parts)];
    const [turnedA, turnedB] = node.inputs.map((input) => turned(input, graph.replaced));
    if (turnedB !== undefined) {
      const product = byRows(a, (rows) => gemm(rows, turnedB, false, true));
      if (product !== null) return [product];
    }
    return turnedA === undefined || a.shape.length !== 2 ? null : [gemm(turnedA, b, true, false)];
  },

  Loop: ({ attributes }, _inputs, graph) =>
    attributes.unrolled === undefined ? null : graph.lowered(attributes.unrolled()),
} satisfies Record<string, Lowering>;

const CUMULATIVE_BLOCK = 512;
/** Elements of a block when there are several: about the root of a large vocabulary. */
const BLOCK = 256;

/** Running sum over the last axis: inside blocks, then over the blocks' sums. */
function inBlocks(x: Value): Value {
  const [length, rest] = [size(x), x.shape.slice(0, -1)];
  const blocks = Math.ceil(length / BLOCK);
  const missing = blocks * BLOCK - length;
  const padding = mul(slice(x, -1, 0, missing), constant(0));
  const padded = missing === 0 ? x : concat([x, padding], -1);
  const inside = cumulativeSum(reshape(padded, [...rest, blocks, BLOCK])); // […, blocks, BLOCK]
  const sums = reshape(slice(inside, -1, BLOCK - 1, BLOCK), [...rest, blocks]);
  const running = blocks > CUMULATIVE_BLOCK ? inBlocks(sums) : cumulativeSum(sums);
  // What the blocks ahead add up to. Not the difference of the two: rounding would let the sum fall where blocks meet.
  const ahead = concat([mul(slice(running, -1, 0, 1), constant(0)), slice(running, -1, 0, blocks - 1)], -1);
  const before = reshape(ahead, [...rest, blocks, 1]);
  const whole = reshape(add(inside, before), [...rest, blocks * BLOCK]);
  return missing === 0 ? whole : slice(whole, -1, 0, length);
}

/** `product` of the rows of `a`, in a's shape again; null where the sizes of that shape are not known yet. */
function byRows(a: Value, product: (rows: Value) => Value): Value | null {
  if (a.shape.length === 2) return product(a);
  const rest = a.shape.slice(0, -1);
  if (rest.filter((dim) => typeof dim === 'string').length > 1) return null;
  const result = product(reshape(a, ['rows', size(a)]));
  return reshape(result, [...rest, size(result)]);
}

/** a · W of a matrix W whose rows come in parts. */
function sumOfProducts(a: Value, parts: readonly Value[]): Value {
  let start = 0;
  const products = parts.map((part) => {
    const end = start + (part.shape[0] as number);
    const product = matmul(slice(a, -1, start, end), part);
    start = end;
    return product;
  });
  return products.reduce(add);
}

/** The matrix that a value is the transpose of. */
function turned(value: Value, replaced: (value: Value) => Value): Value | undefined {
  const { op, inputs, attributes } = value.node;
  return op === 'Transpose' && attributes.perm?.join() === '1,0' ? replaced(inputs[0] as Value) : undefined;
}

/** Indices […] as […, 1]; the column itself where they were made from one. */
function column(indices: Value): Value {
  const shape = [...indices.shape, 1];
  const source: Node = indices.node;
  const [before] = source.inputs;
  return source.op === 'Reshape' && before?.shape.join() === shape.join() ? before : reshape(indices, shape);
}

function size(x: Value): number {
  const last = x.shape.at(-1);
  if (typeof last !== 'number') throw new InternalError('WebGPU: the size of the last axis must be known');
  return last;
}
