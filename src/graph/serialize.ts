import onnxProto from 'onnx-proto';
import { InternalError } from '../errors.js';
import { zeroPointBytes } from './blocks.js';
import {
  bodyNodes,
  type ConstantData,
  type FilePlace,
  type LoopBody,
  type Node,
  topologicalOrder,
  type Value,
} from './node.js';
import { ELEMENT_TYPE, MICROSOFT, nodeProto, type OnnxNode, valueInfo } from './onnx.js';
import { type GraphWriter, onnxOperator } from './onnx-operators.js';
import { rawData } from './raw-data.js';

/** Nodes → ONNX bytes, through the ONNX schema's own protobuf classes. */

const { onnx } = onnxProto;
/** What a graph needs: blocks of 4 bits came with opset 21. The older one is kept where it will do, so that graphs without
 *  them stay the same bytes. */
const VERSIONS = { plain: { opset: 18, irVersion: 9 }, blocks: { opset: 21, irVersion: 10 } } as const;
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
    if (node.op === 'DequantizeBlocks') this.needs = 'blocks';
    const inputs = node.inputs.map((input) => this.nameOf(input));
    const onnxNode = node.op === 'Loop' ? this.loop(node, inputs) : onnxOperator(node, inputs, this.into(nodes));
    nodes.push(nodeProto(onnxNode, outputs));
  }

  /** What an operator writes to: the graph that its node is in. */
  private into(nodes: onnxProto.onnx.INodeProto[]): GraphWriter {
    return {
      fresh: () => this.fresh(),
      constant: (constant) => this.initializer(constant),
      zeroPoints: (dims) => this.zeroPoints(dims),
      push: (node, output) => nodes.push(nodeProto(node, [output])),
    };
  }

  /** The body sees outer values by name, so that captured tensors (weights, cache) are never copied. */
  private loop(node: Node, inputs: readonly string[]): OnnxNode {
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
    const [turns, ...initial] = inputs;
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

function outputCount(node: Node): number {
  if (node.op === 'RmsNorm' || node.op === 'SortDescending') return 2;
  const { body, partCount } = node.attributes;
  if (partCount !== undefined) return partCount;
  return body === undefined ? 1 : body.nextCarried.length + body.stacked.length;
}
