import { InternalError } from '../errors.js';
import { BLOCK_SIZE } from './blocks.js';
import type { ConstantData, Node, Value } from './node.js';
import { ELEMENT_TYPE, MICROSOFT, type OnnxNode } from './onnx.js';

/** Where a graph is written: what an operator may add to it. */
export interface GraphWriter {
  /** A name that nothing has yet. */
  fresh(): string;
  /** The name of a constant. */
  constant(constant: ConstantData): string;
  /** The name of a constant with the zero point of each block, [rows, blocks of a row]. */
  zeroPoints(dims: readonly number[]): string;
  /** Adds a node before the operator's own. */
  push(node: OnnxNode, output: string): void;
}

/** What an operator is in ONNX, on inputs of these names. */
export function onnxOperator(node: Node, own: readonly string[], writer: GraphWriter): OnnxNode {
  const { attributes, op } = node;
  const integers = (...values: number[]): string => writer.constant({ dtype: 'int64', dims: [values.length], values });
  switch (op) {
    case 'Silu':
      return { inputs: own, type: 'QuickGelu', domain: MICROSOFT, attributes: { alpha: { float: 1 } } };
    case 'MatMulTransposed':
      return { inputs: own, type: 'FusedMatMul', domain: MICROSOFT, attributes: { transB: 1 } };
    case 'Gemm':
      return {
        inputs: own,
        type: op,
        attributes: { transA: attributes.transA ? 1 : 0, transB: attributes.transB ? 1 : 0 },
      };
    case 'MatMulNBits': {
      const [rows, blocks] = blockCounts(node.inputs[2]);
      // In the accuracy of float32: what 4 stands for, products of bytes, is three times as fast for a single row and
      // 0.4 % off, which the log-probabilities of training would not be.
      const sizes = { K: blocks * BLOCK_SIZE, N: rows, bits: 4, block_size: BLOCK_SIZE };
      return { inputs: own, type: op, domain: MICROSOFT, attributes: { ...sizes, accuracy_level: 1 } };
    }
    case 'DequantizeBlocks':
      return {
        type: 'DequantizeLinear',
        inputs: [...own, writer.zeroPoints(blockCounts(node.inputs[1]))],
        attributes: { axis: 1, block_size: BLOCK_SIZE },
      };
    case 'Softmax':
      return { inputs: own, type: op, attributes: { axis: -1 } };
    case 'Transpose':
      return { inputs: own, type: op, attributes: { perm: attributes.perm ?? [] } };
    case 'Concat':
      return { inputs: own, type: op, attributes: { axis: attributes.axis ?? 0 } };
    case 'Slice':
      return {
        type: op,
        inputs: [
          ...own,
          integers(attributes.start ?? 0),
          integers(attributes.end ?? 0),
          integers(attributes.axis ?? 0),
        ],
      };
    case 'Split':
    case 'ScatterElements':
      return { inputs: own, type: op, attributes: { axis: attributes.axis ?? 0 } };
    case 'Gather':
      return { inputs: own, type: op, attributes: { axis: 0 } };
    case 'GatherElements':
      return { inputs: own, type: op, attributes: { axis: -1 } };
    case 'ScatterAdd': {
      const [like = '', indices = '', updates = ''] = own;
      const [shape, zeros, column] = [writer.fresh(), writer.fresh(), writer.fresh()];
      writer.push({ type: 'Shape', inputs: [like] }, shape);
      writer.push({ type: 'ConstantOfShape', inputs: [shape] }, zeros);
      writer.push({ type: 'Unsqueeze', inputs: [indices, integers(-1)] }, column);
      return { type: 'ScatterND', inputs: [zeros, column, updates], attributes: { reduction: 'add' } };
    }
    case 'TokenLogprob': {
      const [logits = '', target = ''] = own;
      const [logprobs, column, picked] = [writer.fresh(), writer.fresh(), writer.fresh()];
      writer.push({ type: 'LogSoftmax', inputs: [logits], attributes: { axis: -1 } }, logprobs);
      writer.push({ type: 'Unsqueeze', inputs: [target, integers(-1)] }, column);
      writer.push({ type: 'GatherElements', inputs: [logprobs, column], attributes: { axis: -1 } }, picked);
      return { type: 'Squeeze', inputs: [picked, integers(-1)] };
    }
    case 'OneHot':
      return {
        type: op,
        inputs: [
          ...own,
          integers(attributes.depth ?? 0),
          writer.constant({ dtype: 'float32', dims: [2], values: [0, 1] }),
        ],
      };
    case 'ReduceSum':
    case 'ReduceMax':
      return { type: op, inputs: [...own, integers(...(attributes.axes ?? []))], attributes: { keepdims: 1 } };
    case 'RmsNorm':
      return {
        inputs: own,
        type: 'SimplifiedLayerNormalization',
        attributes: { axis: -1, epsilon: { float: attributes.epsilon ?? 1e-6 }, stash_type: 1 },
      };
    case 'RotaryEmbedding':
      return { inputs: own, type: op, domain: MICROSOFT };
    case 'Cast':
      return { inputs: own, type: op, attributes: { to: ELEMENT_TYPE[attributes.to ?? 'float32'] } };
    case 'ArgMax':
      return { inputs: own, type: op, attributes: { axis: -1, keepdims: attributes.keepAxis ? 1 : 0 } };
    case 'CumSum':
      return { type: op, inputs: [...own, writer.constant({ dtype: 'int64', dims: [], values: [-1] })] };
    case 'SortDescending':
      return {
        type: 'TopK',
        inputs: [...own, integers(attributes.depth ?? 0)],
        attributes: { axis: -1, largest: 1, sorted: 1 },
      };
    case 'Zeros':
      return { inputs: own, type: 'ConstantOfShape' };
    case 'StopGradient':
      return { inputs: own, type: 'Identity' };
    case 'CustomGradient':
      return { type: 'Identity', inputs: own.slice(0, 1) };
    case 'Input':
    case 'Constant':
    case 'FileTensor':
    case 'Loop':
      throw new InternalError(`${op} has a way of its own`);
    default:
      return { inputs: own, type: op };
  }
}

/** Rows and blocks of each, of a matrix whose scales are given. */
function blockCounts(scales: Value | undefined): readonly [number, number] {
  const [rows, blocks] = scales?.shape ?? [];
  if (typeof rows !== 'number' || typeof blocks !== 'number')
    throw new InternalError('scales of blocks are a constant');
  return [rows, blocks];
}
