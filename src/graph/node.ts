/**
 * A computation as immutable data: nodes that name an operator, and values that flow between them.
 * Nothing is computed here; `serialize.ts` turns a graph into ONNX, `autodiff.ts` into more graph.
 */

export type DType = 'float32' | 'int64' | 'int32' | 'uint32' | 'bool' | StoredDType | PackedDType;
/** What weights are stored as where they are not float32: they are cast before they are computed with. */
export type StoredDType = 'float16' | 'bfloat16';
/** Weights of 4 bits, two of them a byte, the first in its low half: read as bytes or as numbers from 0 to 15, they lie the
 *  same. */
export type PackedDType = 'uint8' | 'uint4';
/** A size known now, or the name of one that is known when the graph runs. Equal names are equal sizes. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** The closed set of operators. ONNX's names where it has one; what the rest become stands in `serialize.ts`. */
export type Op =
  | 'Input'
  | 'Constant'
  | 'FileTensor'
  | 'Add'
  | 'Sub'
  | 'Mul'
  | 'Div'
  | 'Neg'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Abs'
  | 'Min'
  | 'Max'
  | 'Sigmoid'
  | 'Silu'
  | 'Softmax'
  | 'MatMul'
  | 'MatMulTransposed'
  | 'Gemm'
  | 'MatMulNBits'
  | 'DequantizeBlocks'
  | 'Transpose'
  | 'Reshape'
  | 'Concat'
  | 'Slice'
  | 'Split'
  | 'Gather'
  | 'GatherElements'
  | 'ScatterAdd'
  | 'ScatterElements'
  | 'TokenLogprob'
  | 'OneHot'
  | 'ReduceSum'
  | 'ReduceMax'
  | 'RmsNorm'
  | 'RotaryEmbedding'
  | 'Cast'
  | 'Where'
  | 'Less'
  | 'LessOrEqual'
  | 'Equal'
  | 'ArgMax'
  | 'CumSum'
  | 'SortDescending'
  | 'Expand'
  | 'Zeros'
  | 'Shape'
  | 'Identity'
  | 'StopGradient'
  | 'CustomGradient'
  | 'Loop';

export interface ConstantData {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** A Float32Array is a weight: written as it is, and never looked for among other constants. */
  readonly values: readonly number[] | Float32Array;
}

/** Where a tensor lies in a file, which is mapped into memory when the graph is compiled. */
export interface FilePlace {
  /** Name in the folder that the session is given. */
  readonly file: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly dims: readonly number[];
  readonly dtype: 'float32' | StoredDType | PackedDType;
}

/** What a graph is given when it runs. */
export interface InputType {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface Attributes {
  readonly input?: InputType;
  readonly constant?: ConstantData;
  readonly place?: FilePlace;
  readonly axis?: number;
  readonly axes?: readonly number[];
  readonly perm?: readonly number[];
  readonly start?: number;
  readonly end?: number;
  readonly epsilon?: number;
  readonly to?: DType;
  readonly depth?: number;
  /** Of a Gemm: which of its matrices are turned. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Of an ArgMax: its axis stays, with size 1. */
  readonly keepAxis?: boolean;
  /** Parts of a Split. */
  readonly partCount?: number;
  /** Body of a Loop: `inputs` are [iteration, carried…], `outputs` are [carried…, stacked…]. */
  readonly body?: LoopBody;
  readonly carriedCount?: number;
  /** The same outputs of a Loop without one, for a provider that runs its body but not itself. */
  readonly unrolled?: () => readonly Value[];
  /** Of a CustomGradient: from the output's gradient to those of its sources. */
  readonly pullback?: (gradient: Value) => readonly (Value | null)[];
}

export interface LoopBody {
  readonly iteration: Value;
  readonly carried: readonly Value[];
  readonly nextCarried: readonly Value[];
  readonly stacked: readonly Value[];
}

export interface Node {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
}

/** One output of a node. */
export interface Value {
  readonly node: Node;
  /** Which of the node's outputs; only RmsNorm, SortDescending, Split and Loop have more than one. */
  readonly output: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A node's first output, as most operators have just one. */
export function value(
  op: Op,
  inputs: readonly Value[],
  shape: Shape,
  dtype: DType,
  attributes: Attributes = {},
): Value {
  return { node: { op, inputs, attributes }, output: 0, shape, dtype };
}

/** Every node that `outputs` rest on, inputs before their users, each once; the order depends on the graph alone. */
export function topologicalOrder(outputs: readonly Value[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  // An explicit stack: a decoder of many layers is deeper than JavaScript's own.
  const stack: Node[] = [];
  for (const output of outputs) {
    stack.push(output.node);
    while (stack.length > 0) {
      const node = stack[stack.length - 1] as Node;
      const seen = state.get(node);
      if (seen === 'done') stack.pop();
      else if (seen === 'open') {
        stack.pop();
        state.set(node, 'done');
        order.push(node);
      } else {
        state.set(node, 'open');
        const needs = dependencies(node);
        for (let i = needs.length - 1; i >= 0; i--) {
          const need = (needs[i] as Value).node;
          if (!state.has(need)) stack.push(need);
        }
      }
    }
  }
  return order;
}

/** What must be computed before a node: its inputs, and for a Loop what its body captures from outside. */
export function dependencies(node: Node): readonly Value[] {
  return node.attributes.body === undefined ? node.inputs : [...node.inputs, ...captured(node.attributes.body)];
}

/** The nodes of a loop body that change from turn to turn, in order. All else is outside and computed once. */
export function bodyNodes(body: LoopBody): Node[] {
  const dependent = new Set<Node>([body.iteration.node, ...body.carried.map((input) => input.node)]);
  const order = topologicalOrder([...body.nextCarried, ...body.stacked]);
  const inside: Node[] = [];
  for (const node of order) {
    if (dependent.has(node)) continue;
    if (!dependencies(node).some((input) => dependent.has(input.node))) continue;
    dependent.add(node);
    inside.push(node);
  }
  return inside;
}

function captured(body: LoopBody): Value[] {
  const inside = new Set<Node>([body.iteration.node, ...body.carried.map((input) => input.node), ...bodyNodes(body)]);
  const outside: Value[] = [];
  for (const node of inside) for (const input of dependencies(node)) if (!inside.has(input.node)) outside.push(input);
  for (const output of [...body.nextCarried, ...body.stacked]) if (!inside.has(output.node)) outside.push(output);
  return outside;
}
