import { InternalError } from '../errors.js';
import {
  type Dim,
  type DType,
  type FilePlace,
  type LoopBody,
  type Node,
  type Shape,
  type Value,
  value,
} from './node.js';

/** One constructor for each operator, with shape inference: a wrong shape fails where the graph is written. */

export const input = (name: string, shape: Shape, dtype: DType = 'float32'): Value =>
  value('Input', [], shape, dtype, { input: { name, dtype, shape } });

/** A constant tensor; a scalar where no shape is given. */
export function constant(values: number | readonly number[], shape?: Shape, dtype: DType = 'float32'): Value {
  const list = typeof values === 'number' ? [values] : values;
  const dims = (shape ?? (typeof values === 'number' ? [] : [list.length])).map(Number);
  if (dims.reduce((size, dim) => size * dim, 1) !== list.length) throw shapeError('Constant', dims, [list.length]);
  return value('Constant', [], dims, dtype, { constant: { dtype, dims, values: list } });
}

/** A constant tensor that stays in its file. */
export const fileTensor = (place: FilePlace): Value => value('FileTensor', [], place.dims, place.dtype, { place });

/** A float32 tensor that is part of the graph, over its elements: they are not copied before the graph is written. */
export const constantTensor = (values: Float32Array, dims: readonly number[]): Value =>
  value('Constant', [], dims, 'float32', { constant: { dtype: 'float32', dims, values } });

const elementwise =
  (op: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min' | 'Max') =>
  (a: Value, b: Value): Value =>
    value(op, [a, b], broadcast(op, a.shape, b.shape), a.dtype);
export const add = elementwise('Add');
export const sub = elementwise('Sub');
export const mul = elementwise('Mul');
export const div = elementwise('Div');
export const min = elementwise('Min');
export const max = elementwise('Max');

const unary =
  (op: 'Neg' | 'Exp' | 'Log' | 'Sqrt' | 'Abs' | 'Sigmoid' | 'Silu' | 'Identity' | 'StopGradient') =>
  (x: Value): Value =>
    value(op, [x], x.shape, x.dtype);
export const neg = unary('Neg');
export const exp = unary('Exp');
export const log = unary('Log');
export const sqrt = unary('Sqrt');
export const abs = unary('Abs');
export const sigmoid = unary('Sigmoid');
/** x · sigmoid(x), as one operator (QuickGelu with α = 1). */
export const silu = unary('Silu');
export const identity = unary('Identity');
/** The same value, through which no gradient flows back. */
export const stopGradient = unary('StopGradient');

/** `x`, computed from `sources` in a way that the walk does not look into: `pullback` gives the gradients of the sources. */
export function customGradient(
  x: Value,
  sources: readonly Value[],
  pullback: (gradient: Value) => readonly (Value | null)[],
): Value {
  return value('CustomGradient', [x, ...sources], x.shape, x.dtype, { pullback });
}

/** Softmax over the last axis. */
export const softmax = (x: Value): Value => value('Softmax', [x], x.shape, x.dtype);

const comparison =
  (op: 'Less' | 'LessOrEqual' | 'Equal') =>
  (a: Value, b: Value): Value =>
    value(op, [a, b], broadcast(op, a.shape, b.shape), 'bool');
export const less = comparison('Less');
export const lessOrEqual = comparison('LessOrEqual');
export const equal = comparison('Equal');

export const where = (condition: Value, a: Value, b: Value): Value =>
  value('Where', [condition, a, b], broadcast('Where', condition.shape, broadcast('Where', a.shape, b.shape)), a.dtype);
export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : value('Cast', [x], x.shape, to, { to }));

/** Matrix product over the last two axes; a rank-2 `b` serves every batch of `a`. */
export function matmul(a: Value, b: Value): Value {
  const [rows, inner] = [a.shape.at(-2), a.shape.at(-1)];
  const [innerB, columns] = [b.shape.at(-2), b.shape.at(-1)];
  if (rows === undefined || columns === undefined || inner !== innerB) throw shapeError('MatMul', a.shape, b.shape);
  const batch =
    b.shape.length === 2 ? a.shape.slice(0, -2) : broadcast('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return value('MatMul', [a, b], [...batch, rows, columns], a.dtype);
}

/** a · bᵀ for a matrix `b` [columns, inner], as one operator. ONNX Runtime packs a constant `b` once, and never has to
 *  hold it the other way round. */
export function matmulTransposed(a: Value, b: Value): Value {
  const [columns, inner] = b.shape;
  if (b.shape.length !== 2 || columns === undefined || a.shape.at(-1) !== inner)
    throw shapeError('MatMulTransposed', a.shape, b.shape);
  return value('MatMulTransposed', [a, b], a.shape.with(-1, columns), a.dtype);
}

/** Product of two matrices, either of them turned: what a provider runs that has no other product with a turned one. */
export function gemm(a: Value, b: Value, transA: boolean, transB: boolean): Value {
  const [rows, inner] = transA ? a.shape.toReversed() : a.shape;
  const [innerB, columns] = transB ? b.shape.toReversed() : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || rows === undefined || columns === undefined || inner !== innerB)
    throw shapeError('Gemm', a.shape, b.shape);
  return value('Gemm', [a, b], [rows, columns], a.dtype, { transA, transB });
}

export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.length !== x.shape.length) throw shapeError('Transpose', x.shape, perm);
  return value(
    'Transpose',
    [x],
    perm.map((axis) => dimension(x, axis)),
    x.dtype,
    { perm },
  );
}
/** The last two axes exchanged: free before a MatMul, ONNX Runtime fuses the two. */
export function transposed(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** The same elements in another shape. A named size must stand where it stood, but for one. */
export function reshape(x: Value, shape: Shape): Value {
  return value('Reshape', [x, constant(reshapeTarget(x.shape, shape), undefined, 'int64')], shape, x.dtype);
}
/** The same elements in a shape that is only known when the graph runs, where it is `runtimeShape` (0 and -1 as in ONNX). */
export const reshapeTo = (x: Value, shape: Shape, runtimeShape: Value): Value =>
  value('Reshape', [x, runtimeShape], shape, x.dtype);
/** `x` in the shape that `like` has when the graph runs. */
export const reshapeLike = (x: Value, like: Value): Value => value('Reshape', [x, shapeOf(like)], like.shape, x.dtype);

export const shapeOf = (x: Value): Value => value('Shape', [x], [x.shape.length], 'int64');

/** Values side by side along an axis; `size` names the result's size where it is not a sum of numbers. */
export function concat(values: readonly Value[], axis: number, size?: Dim): Value {
  const first = values[0];
  if (first === undefined) throw new InternalError('concat of nothing');
  const at = axis < 0 ? axis + first.shape.length : axis;
  const sizes = values.map((x) => dimension(x, at));
  const total = size ?? sizes.reduce<number>((sum, dim) => sum + numeric('Concat', dim), 0);
  return value('Concat', values, first.shape.with(at, total), first.dtype, { axis: at });
}

/** Elements [start, end) along one axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const at = axis < 0 ? axis + x.shape.length : axis;
  return value('Slice', [x], x.shape.with(at, end - start), x.dtype, { axis: at, start, end });
}

/** Parts along one axis, whose sizes are `sizes` [number of parts] when the graph runs and `dims` by name. */
export function split(x: Value, axis: number, sizes: Value, dims: readonly Dim[]): Value[] {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const attributes = { axis: at, partCount: dims.length };
  const node: Node = { op: 'Split', inputs: [x, sizes], attributes };
  return dims.map((dim, output) => ({ node, output, shape: x.shape.with(at, dim), dtype: x.dtype }));
}

/** Rows of `table` [V, …] by index: an embedding. */
export const gather = (table: Value, indices: Value): Value =>
  value('Gather', [table, indices], [...indices.shape, ...table.shape.slice(1)], table.dtype);
/** `x[…, indices[…, j]]` along the last axis. */
export const gatherElements = (x: Value, indices: Value): Value =>
  value('GatherElements', [x, indices], indices.shape, x.dtype);
/** A [rows, …] tensor of zeros to whose rows `updates` are added by index: what an embedding's gradient is. */
export function scatterAdd(like: Value, indices: Value, updates: Value): Value {
  return value('ScatterAdd', [like, indices, updates], like.shape, updates.dtype);
}
/** `x` with `updates` in place of its elements at `indices` along an axis; the shapes of the two are the same. A device changes
 *  `x` in place where the result is to be written there. */
export const scatterElements = (x: Value, indices: Value, updates: Value, axis: number): Value =>
  value('ScatterElements', [x, indices, updates], x.shape, x.dtype, { axis });
/** log softmax(logits)[…, target]: logits […, V], target […] → […]. */
export const tokenLogprob = (logits: Value, target: Value): Value =>
  value('TokenLogprob', [logits, target], target.shape, logits.dtype);
/** 1 at the index, 0 elsewhere: indices […] → […, depth]. */
export const oneHot = (indices: Value, depth: number): Value =>
  value('OneHot', [indices], [...indices.shape, depth], 'float32', { depth });

/** Sum over axes, which stay with size 1. */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  return reduction('ReduceSum', x, axes);
}
export function reduceMax(x: Value, axes: readonly number[]): Value {
  return reduction('ReduceMax', x, axes);
}
/** The sum of all elements, as a scalar. */
export function sumAll(x: Value): Value {
  return reshape(reduceSum(x, [...x.shape.keys()]), []);
}

/** x / sqrt(mean(x²) + ε) · weight over the last axis (Zhang and Sennrich 2019). */
export function rmsNorm(x: Value, weight: Value, epsilon: number): Value {
  if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1))
    throw shapeError('RmsNorm', x.shape, weight.shape);
  return value('RmsNorm', [x, weight], x.shape, x.dtype, { epsilon });
}
/** The 1 / sqrt(mean(x²) + ε) that an RmsNorm has computed: […, 1]. */
export function inverseRms(norm: Value): Value {
  return { node: norm.node, output: 1, shape: norm.shape.with(-1, 1), dtype: 'float32' };
}

/** Rotary position embedding, halves rotated (Su et al. 2021, in Llama's layout).
 *  x [B, T, heads · head size], positions [B, T], cos and sin [longest, head size / 2]. */
export const rotaryEmbedding = (x: Value, positions: Value, cos: Value, sin: Value): Value =>
  value('RotaryEmbedding', [x, positions, cos, sin], x.shape, x.dtype);

/** Index of the largest element of the last axis, the first of equals; that axis is gone. */
export const argMax = (x: Value): Value => value('ArgMax', [x], x.shape.slice(0, -1), 'int64');
/** The same with that axis kept, at size 1: as the indices of {@link gatherElements}. */
export const argMaxColumn = (x: Value): Value => value('ArgMax', [x], x.shape.with(-1, 1), 'int64', { keepAxis: true });
/** Running sum over the last axis. */
export const cumulativeSum = (x: Value): Value => value('CumSum', [x], x.shape, x.dtype);
/** The `count` largest elements of the last axis, from the largest down. */
export const sortDescending = (x: Value, count: number): Value =>
  value('SortDescending', [x], x.shape.with(-1, count), x.dtype, { depth: count });

/** Zeros of a shape whose named sizes are read off `like`, axis by axis: `[0, 'C', 3]` means [like's axis 0 …]. */
export function zeros(shape: Shape, runtimeShape: Value): Value {
  return value('Zeros', [runtimeShape], shape, 'float32');
}
/** `x` repeated to `shape`, given when the graph runs as `runtimeShape`. */
export const expand = (x: Value, shape: Shape, runtimeShape: Value): Value =>
  value('Expand', [x, runtimeShape], shape, x.dtype);

/** A body run `turns` times. Carried values go round; stacked ones come out as [turns, …].
 *  What the body uses from outside is captured by reference: nothing is copied into it. `unrolled` may give the same outputs
 *  without a loop, where the provider would carry them to the CPU and back at each turn. */
export function loop(
  turns: Value,
  initial: readonly Value[],
  body: LoopBody,
  finalShapes: readonly Shape[],
  turnsDim: Dim,
  unrolled?: () => readonly Value[],
): Value[] {
  const attributes = { body, carriedCount: initial.length, ...(unrolled === undefined ? {} : { unrolled }) };
  const node: Node = { op: 'Loop', inputs: [turns, ...initial], attributes };
  const carried = body.nextCarried.map((next, i) => ({
    node,
    output: i,
    shape: finalShapes[i] ?? next.shape,
    dtype: next.dtype,
  }));
  const stacked = body.stacked.map((out, i) => ({
    node,
    output: initial.length + i,
    shape: [turnsDim, ...out.shape],
    dtype: out.dtype,
  }));
  return [...carried, ...stacked];
}

/** The shape of two shapes spread over each other, as in NumPy. */
export function broadcast(op: string, a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw shapeError(op, a, b);
    return x === 1 ? y : x;
  });
}

function reduction(op: 'ReduceSum' | 'ReduceMax', x: Value, axes: readonly number[]): Value {
  const at = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  return value(
    op,
    [x],
    x.shape.map((dim, axis) => (at.includes(axis) ? 1 : dim)),
    x.dtype,
    { axes: at },
  );
}

/** ONNX's target for a reshape: 0 keeps the size at that place, one -1 is worked out. */
function reshapeTarget(from: Shape, to: Shape): number[] {
  let inferred = 0;
  const target = to.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    if (from[axis] === dim) return 0;
    inferred++;
    return -1;
  });
  if (inferred > 1) throw shapeError('Reshape', from, to);
  return target;
}

function dimension(x: Value, axis: number): Dim {
  const dim = x.shape.at(axis);
  if (dim === undefined) throw shapeError('axis', x.shape, [axis]);
  return dim;
}

function numeric(op: string, dim: Dim): number {
  if (typeof dim !== 'number')
    throw new InternalError(`${op}: the size "${dim}" is not known yet; name the result's size`);
  return dim;
}

function shapeError(op: string, a: Shape, b: Shape): InternalError {
  return new InternalError(`${op}: shapes [${a.join(', ')}] and [${b.join(', ')}] do not fit`);
}
