import { InternalError } from '../errors.js';
import { dequantizeBlocks } from './blocks.js';
import { isHalf } from './halves.js';
import type { Node, Op, Value } from './node.js';
import {
  add,
  cast,
  concat,
  constant,
  div,
  expand,
  inverseRms,
  less,
  matmul,
  mul,
  neg,
  oneHot,
  reduceSum,
  reshape,
  reshapeLike,
  rotaryEmbedding,
  scatterAdd,
  shapeOf,
  sigmoid,
  slice,
  softmax,
  sub,
  transpose,
  transposed,
  where,
} from './ops.js';

/**
 * The table of gradient rules: for each differentiable operator, from the gradient of its output to the gradients of
 * its inputs (`null` where none flows). Gradients may still have the broadcast shape; the walk in `autodiff.ts`
 * sums them back.
 */
export type GradientRule = (gradient: Value, node: Node, output: Value) => readonly (Value | null)[];

const inputOf = (node: Node, index: number): Value => {
  const found = node.inputs[index];
  if (found === undefined) throw new InternalError(`${node.op} has no input ${index}`);
  return found;
};

const extremum =
  (first: (a: Value, b: Value) => Value): GradientRule =>
  (g, node) => {
    // Where both are equal the gradient goes to the second, as the comparison is strict.
    const isFirst = cast(first(inputOf(node, 0), inputOf(node, 1)), 'float32');
    const toFirst = mul(g, isFirst);
    return [toFirst, sub(g, toFirst)];
  };

/** A weight of 16 bits, cast once more: what the forward pass had cast would be kept in memory until here. */
const widenedAgain = (weight: Value): Value => {
  const stored = weight.node.op === 'Cast' ? inputOf(weight.node, 0) : null;
  return stored !== null && isHalf(stored.dtype) ? cast(stored, weight.dtype) : weight;
};

const RULES: Partial<Record<Op, GradientRule>> = {
  Add: (g) => [g, g],
  Sub: (g) => [g, neg(g)],
  Mul: (g, node) => [mul(g, inputOf(node, 1)), mul(g, inputOf(node, 0))],
  Div: (g, node, y) => {
    const toNumerator = div(g, inputOf(node, 1));
    return [toNumerator, neg(mul(toNumerator, y))];
  },
  Neg: (g) => [neg(g)],
  Exp: (g, _node, y) => [mul(g, y)],
  Log: (g, node) => [div(g, inputOf(node, 0))],
  Sqrt: (g, _node, y) => [div(mul(g, constant(0.5)), y)],
  Abs: (g, node) => [where(less(inputOf(node, 0), constant(0)), neg(g), g)],
  Min: extremum((a, b) => less(a, b)),
  Max: extremum((a, b) => less(b, a)),
  Sigmoid: (g, _node, y) => [mul(g, mul(y, sub(constant(1), y)))],
  Silu: (g, node, y) => {
    const gate = sigmoid(inputOf(node, 0)); // d(x σ) = σ + x σ (1 - σ) = σ + y (1 - σ)
    return [mul(g, add(gate, sub(y, mul(y, gate))))];
  },
  Softmax: (g, _node, y) => {
    const weighted = mul(g, y);
    return [sub(weighted, mul(y, reduceSum(weighted, [-1])))];
  },
  MatMul: (g, node) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    if (b.shape.length > 2 || a.shape.length === 2) return [matmul(g, transposed(b)), matmul(transposed(a), g)];
    // One matrix for every batch: its gradient is one product over all rows, not a sum of small ones.
    const rows = (x: Value): Value => reshape(x, ['rows', x.shape.at(-1) as number]);
    return [matmul(g, transposed(b)), matmul(transposed(rows(a)), rows(g))];
  },
  MatMulTransposed: (g, node) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    const rows = (x: Value): Value => reshape(x, ['rows', x.shape.at(-1) as number]);
    return [matmul(g, widenedAgain(b)), matmul(transposed(rows(g)), rows(a))];
  },
  // Of x alone: blocks are constants. They become float32 here and now, and are forgotten after the product.
  MatMulNBits: (g, node) => [matmul(g, dequantizeBlocks(inputOf(node, 1), inputOf(node, 2))), null, null],
  Transpose: (g, node) => {
    const perm = node.attributes.perm ?? [];
    return [
      transpose(
        g,
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
    ];
  },
  Reshape: (g, node) => [reshapeLike(g, inputOf(node, 0)), null],
  Concat: (g, node) => {
    const axis = node.attributes.axis ?? 0;
    let start = 0;
    return node.inputs.map((part) => {
      const size = part.shape[axis] as number;
      start += size;
      return slice(g, axis, start - size, start);
    });
  },
  Slice: (g, node) => {
    const { axis = 0, start = 0, end = 0 } = node.attributes;
    const x = inputOf(node, 0);
    const size = x.shape[axis] as number;
    const parts: Value[] = [];
    const padding = (width: number): Value => mul(slice(x, axis, 0, width), constant(0));
    if (start > 0) parts.push(padding(start));
    parts.push(g);
    if (end < size) parts.push(padding(size - end));
    return [parts.length === 1 ? g : concat(parts, axis)];
  },
  Gather: (g, node) => [scatterAdd(inputOf(node, 0), inputOf(node, 1), g), null],
  TokenLogprob: (g, node) => {
    const [logits, target] = [inputOf(node, 0), inputOf(node, 1)];
    const depth = logits.shape.at(-1);
    if (typeof depth !== 'number') throw new InternalError('TokenLogprob: the vocabulary size must be known');
    const column = reshape(g, [...g.shape, 1]);
    return [mul(sub(oneHot(target, depth), softmax(logits)), column), null];
  },
  ReduceSum: (g, node) => {
    const x = inputOf(node, 0);
    return [expand(g, x.shape, shapeOf(x))];
  },
  RmsNorm: (g, node, y) => {
    const [x, weight] = [inputOf(node, 0), inputOf(node, 1)];
    const inverse = inverseRms(y);
    const normalised = mul(x, inverse);
    const toWeight = mul(g, normalised); // before it is summed over the rows
    const size = x.shape.at(-1) as number;
    const mean = matmul(toWeight, reshape(mul(weight, constant(1 / size)), [size, 1])); // of g · weight · normalised
    return [mul(inverse, sub(mul(g, weight), mul(normalised, mean))), toWeight];
  },
  // A rotation's transpose is the rotation back.
  RotaryEmbedding: (g, node) => [
    rotaryEmbedding(g, inputOf(node, 1), inputOf(node, 2), neg(inputOf(node, 3))),
    null,
    null,
    null,
  ],
  Where: (g, node) => {
    const zero = constant(0);
    return [null, where(inputOf(node, 0), g, zero), where(inputOf(node, 0), zero, g)];
  },
  Identity: (g) => [g],
  Expand: (g) => [g, null],
  StopGradient: () => [null],
  CustomGradient: (g, node) => [null, ...(node.attributes.pullback?.(g) ?? [])],
};

/** The rule of an operator, or undefined where none is known. */
export const gradientRule = (op: Op): GradientRule | undefined => RULES[op];

/** Every operator with a rule: what the numerical test goes through. */
export const DIFFERENTIABLE_OPS = Object.keys(RULES) as readonly Op[];
