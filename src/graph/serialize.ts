import onnxProto from 'onnx-proto';
import { InternalError } from '../errors.js';
import { BLOCK_SIZE, zeroPointBytes } from './blocks.js';
import {
  bodyNodes,
  type ConstantData,
  type DType,
  type FilePlace,
  type InputType,
  type LoopBody,
  type Node,
  type Op,
  topologicalOrder,
  type Value,
} from './node.js';
import { rawData } from './raw-data.js';

/** Nodes → ONNX bytes, through the ONNX schema's own protobuf classes. */

const { onnx } = onnxProto;
const ELEMENT_TYPE: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
  uint4: 21,
};
/** What a graph needs: blocks of 4 bits came with opset 21. The older one is kept where it will do, so that graphs without
 *  them stay the same bytes. */
const VERSIONS = { plain: { opset: 18, irVersion: 9 }, blocks: { opset: 21, irVersion: 10 } } as const;
const MICROSOFT = 'com.microsoft';

type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: onnxProto.onnx.IGraphProto };
interface OnnxNode {
  readonly type: string;
  readonly domain?: string;
  readonly attributes?: Record<string, AttributeValue>;
  /** Inputs by name where they are not the node's own. */
  readonly inputs?: readonly string[];
}

/** The ONNX model that computes `outputs`, its named inputs found by walking the graph.
 *  Names depend on the graph alone: the same graph gives the same bytes. */
export function serialize(outputs: Readonly<Record<string, Value>>): Uint8Array {
  const writer = new Writer();
  const graph = writer.graph(outputs);
  const { opset, irVersion } = VERSIONS[writer.needs];
  return onnx.ModelProto.encode({
    irVersion,
    producerName: 'rzero',
    opsetImport: [
      { domain: '', version: opset },
      { domain: MICROSOFT, version: 1 },
    ],
    graph,
  }).finish();
}

class Writer {
  needs: keyof typeof VERSIONS = 'plain';
  private readonly names = new Map<Node, readonly string[]>();
  private readonly initializers: onnxProto.onnx.ITensorProto[] = [];
  private readonly constants = new Map<string, string>();
  /** Of nodes that make an output of the graph themselves. */
  private readonly outputNames = new Map<Node, string>();
  private counter = 0;

  graph(outputs: Readonly<Record<string, Value>>): onnxProto.onnx.IGraphProto {
    const nodes: onnxProto.onnx.INodeProto[] = [];
    const inputs: onnxProto.onnx.IValueInfoProto[] = [];
    for (const [name, { node }] of Object.entries(outputs)) if (isInPlace(node)) this.outputNames.set(node, name);
    for (const node of topologicalOrder(Object.values(outputs))) {
      const { input } = node.attributes;
      if (input === undefined) this.emit(node, nodes);
      else {
        this.names.set(node, [input.name]);
        inputs.push(valueInfo(input));
      }
    }
    const named = Object.entries(outputs).map(([name, value]) => {
      if (this.nameOf(value) !== name) nodes.push({ opType: 'Identity', input: [this.nameOf(value)], output: [name] });
      return { name, type: { tensorType: { elemType: ELEMENT_TYPE[value.dtype] } } };
    });
    return { name: 'rzero', node: nodes, initializer: this.initializers, input: inputs, output: named };
  }

  private emit(node: Node, nodes: onnxProto.onnx.INodeProto[]): void {
    if (node.attributes.constant !== undefined) {
      this.names.set(node, [this.initializer(node.attributes.constant)]);
      return;
    }
    if (node.attributes.place !== undefined) {
      this.names.set(node, [this.fileTensor(node.attributes.place)]);
      return;
    }
    const outputs = Array.from({ length: outputCount(node) }, () => this.outputNames.get(node) ?? this.fresh());
    this.names.set(node, outputs);
    const onnxNode = node.op === 'Loop' ? this.loop(node) : this.translate(node, node.op, nodes);
    const attribute = Object.entries(onnxNode.attributes ?? {}).map(([name, value]) => attributeProto(name, value));
    nodes.push({
      opType: onnxNode.type,
      domain: onnxNode.domain ?? '',
      name: outputs[0] ?? '',
      input: [...(onnxNode.inputs ?? node.inputs.map((input) => this.nameOf(input)))],
      output: outputs,
      attribute,
    });
  }

  /** What an operator is in ONNX; small constants it needs become initialisers, several nodes go to `nodes`. */
  private translate(node: Node, op: Op, nodes: onnxProto.onnx.INodeProto[]): OnnxNode {
    const { attributes } = node;
    const own = node.inputs.map((input) => this.nameOf(input));
    const integers = (...values: number[]): string =>
      this.initializer({ dtype: 'int64', dims: [values.length], values });
    switch (op) {
      case 'Silu':
        return { type: 'QuickGelu', domain: MICROSOFT, attributes: { alpha: { float: 1 } } };
      case 'MatMulTransposed':
        return { type: 'FusedMatMul', domain: MICROSOFT, attributes: { transB: 1 } };
      case 'Gemm':
        return { type: op, attributes: { transA: attributes.transA ? 1 : 0, transB: attributes.transB ? 1 : 0 } };
      case 'MatMulNBits': {
        const [rows, blocks] = blockCounts(node.inputs[2]);
        // In the accuracy of float32: what 4 stands for, products of bytes, is three times as fast for a single row and
        // 0.4 % off, which the log-probabilities of training would not be.
        const sizes = { K: blocks * BLOCK_SIZE, N: rows, bits: 4, block_size: BLOCK_SIZE };
        return { type: op, domain: MICROSOFT, attributes: { ...sizes, accuracy_level: 1 } };
      }
      case 'DequantizeBlocks': {
        this.needs = 'blocks';
        return {
          type: 'DequantizeLinear',
          inputs: [...own, this.zeroPoints(blockCounts(node.inputs[1]))],
          attributes: { axis: 1, block_size: BLOCK_SIZE },
        };
      }
      case 'Softmax':
        return { type: op, attributes: { axis: -1 } };
      case 'Transpose':
        return { type: op, attributes: { perm: attributes.perm ?? [] } };
      case 'Concat':
        return { type: op, attributes: { axis: attributes.axis ?? 0 } };
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
        return { type: op, attributes: { axis: attributes.axis ?? 0 } };
      case 'Gather':
        return { type: op, attributes: { axis: 0 } };
      case 'GatherElements':
        return { type: op, attributes: { axis: -1 } };
      case 'ScatterAdd': {
        const [like = '', indices = '', updates = ''] = own;
        const [shape, zeros, column] = [this.fresh(), this.fresh(), this.fresh()];
        nodes.push({ opType: 'Shape', input: [like], output: [shape] });
        nodes.push({ opType: 'ConstantOfShape', input: [shape], output: [zeros] });
        nodes.push({ opType: 'Unsqueeze', input: [indices, integers(-1)], output: [column] });
        return { type: 'ScatterND', inputs: [zeros, column, updates], attributes: { reduction: 'add' } };
      }
      case 'TokenLogprob': {
        const [logits = '', target = ''] = own;
        const [logprobs, column, picked] = [this.fresh(), this.fresh(), this.fresh()];
        nodes.push({
          opType: 'LogSoftmax',
          input: [logits],
          output: [logprobs],
          attribute: [attributeProto('axis', -1)],
        });
        nodes.push({ opType: 'Unsqueeze', input: [target, integers(-1)], output: [column] });
        nodes.push({
          opType: 'GatherElements',
          input: [logprobs, column],
          output: [picked],
          attribute: [attributeProto('axis', -1)],
        });
        return { type: 'Squeeze', inputs: [picked, integers(-1)] };
      }
      case 'OneHot':
        return {
          type: op,
          inputs: [
            ...own,
            integers(attributes.depth ?? 0),
            this.initializer({ dtype: 'float32', dims: [2], values: [0, 1] }),
          ],
        };
      case 'ReduceSum':
      case 'ReduceMax':
        return { type: op, inputs: [...own, integers(...(attributes.axes ?? []))], attributes: { keepdims: 1 } };
      case 'RmsNorm':
        return {
          type: 'SimplifiedLayerNormalization',
          attributes: { axis: -1, epsilon: { float: attributes.epsilon ?? 1e-6 }, stash_type: 1 },
        };
      case 'RotaryEmbedding':
        return { type: op, domain: MICROSOFT };
      case 'Cast':
        return { type: op, attributes: { to: ELEMENT_TYPE[attributes.to ?? 'float32'] } };
      case 'ArgMax':
        return { type: op, attributes: { axis: -1, keepdims: attributes.keepAxis ? 1 : 0 } };
      case 'CumSum':
        return { type: op, inputs: [...own, this.initializer({ dtype: 'int64', dims: [], values: [-1] })] };
      case 'SortDescending':
        return {
          type: 'TopK',
          inputs: [...own, integers(attributes.depth ?? 0)],
          attributes: { axis: -1, largest: 1, sorted: 1 },
        };
      case 'Zeros':
        return { type: 'ConstantOfShape' };
      case 'StopGradient':
        return { type: 'Identity' };
      case 'CustomGradient':
        return { type: 'Identity', inputs: own.slice(0, 1) };
      case 'Input':
      case 'Constant':
      case 'FileTensor':
      case 'Loop':
        throw new InternalError(`${op} has a way of its own`);
      default:
        return { type: op };
    }
  }

  /** The body sees outer values by name, so that captured tensors (weights, cache) are never copied. */
  private loop(node: Node): OnnxNode {
    const body = node.attributes.body as LoopBody;
    const condition = this.fresh();
    const parameters = [body.iteration, ...body.carried];
    for (const parameter of parameters) this.names.set(parameter.node, [this.fresh()]);
    const nodes: onnxProto.onnx.INodeProto[] = [];
    for (const inner of bodyNodes(body)) this.emit(inner, nodes);
    // A loop's outputs must be made inside its body, and be distinct.
    const results = [...body.nextCarried, ...body.stacked].map((result) => {
      const name = this.fresh();
      nodes.push({ opType: 'Identity', input: [this.nameOf(result)], output: [name] });
      return { name, type: { tensorType: { elemType: ELEMENT_TYPE[result.dtype] } } };
    });
    const keepGoing = this.fresh();
    nodes.push({ opType: 'Identity', input: [condition], output: [keepGoing] });
    const flag = (name: string): onnxProto.onnx.IValueInfoProto => valueInfo({ name, dtype: 'bool', shape: [] });
    const untyped = (parameter: Value): onnxProto.onnx.IValueInfoProto => ({
      name: this.nameOf(parameter),
      type: { tensorType: { elemType: ELEMENT_TYPE[parameter.dtype] } },
    });
    const iteration = valueInfo({ name: this.nameOf(body.iteration), dtype: 'int64', shape: [] });
    const graph = {
      name: this.fresh(),
      node: nodes,
      input: [iteration, flag(condition), ...body.carried.map(untyped)],
      output: [flag(keepGoing), ...results],
    };
    const [turns, ...initial] = node.inputs.map((input) => this.nameOf(input));
    const always = this.initializer({ dtype: 'bool', dims: [], values: [1] });
    return { type: 'Loop', inputs: [turns ?? '', always, ...initial], attributes: { body: { graph } } };
  }

  /** The name of a constant; equal constants are written once. */
  private initializer(constant: ConstantData): string {
    const { values, dims } = constant;
    const isWeight = values instanceof Float32Array;
    const key = isWeight ? this.fresh() : `${constant.dtype}[${dims.join(',')}]:${values.join(',')}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = `c${this.constants.size}`;
    this.constants.set(key, name);
    const dataType = ELEMENT_TYPE[constant.dtype];
    this.initializers.push({ name, dims: [...dims], dataType, rawData: rawData(constant) });
    return name;
  }

  /** A zero point for each block; equal tensors of them are written once. */
  private zeroPoints(dims: readonly number[]): string {
    const key = `zero points[${dims.join(',')}]`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = `c${this.constants.size}`;
    this.constants.set(key, name);
    this.initializers.push({ name, dims: [...dims], dataType: ELEMENT_TYPE.uint4, rawData: zeroPointBytes(dims) });
    return name;
  }

  private fileTensor({ file, offset, sizeBytes, dims, dtype }: FilePlace): string {
    const name = this.fresh();
    const externalData = Object.entries({ location: file, offset, length: sizeBytes }).map(([key, x]) => ({
      key,
      value: String(x),
    }));
    this.initializers.push({
      name,
      dims: [...dims],
      dataType: ELEMENT_TYPE[dtype],
      dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
      externalData,
    });
    return name;
  }

  private nameOf(value: Value): string {
    const name = this.names.get(value.node)?.[value.output];
    if (name === undefined) throw new InternalError(`${value.node.op} is used before it is written`);
    return name;
  }

  private fresh(): string {
    return `v${this.counter++}`;
  }
}

/** Whether a node may change its first input into its only output. An Identity behind it would copy the whole. */
const isInPlace = (node: Node): boolean => node.op === 'ScatterElements';

/** Rows and blocks of each, of a matrix whose scales are given. */
function blockCounts(scales: Value | undefined): readonly [number, number] {
  const [rows, blocks] = scales?.shape ?? [];
  if (typeof rows !== 'number' || typeof blocks !== 'number')
    throw new InternalError('scales of blocks are a constant');
  return [rows, blocks];
}

function outputCount(node: Node): number {
  if (node.op === 'RmsNorm' || node.op === 'SortDescending') return 2;
  const { body, partCount } = node.attributes;
  if (partCount !== undefined) return partCount;
  return body === undefined ? 1 : body.nextCarried.length + body.stacked.length;
}

function valueInfo({ name, dtype, shape }: InputType): onnxProto.onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[dtype], shape: { dim } } } };
}

function attributeProto(name: string, value: AttributeValue): onnxProto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ('graph' in value) return { name, type: AttributeType.GRAPH, g: value.graph };
  return { name, type: AttributeType.INTS, ints: [...value] };
}
