import onnxProto from 'onnx-proto';
import type { DType, InputType } from './node.js';

/** Parts of ONNX's schema that graphs are written in. */

const { onnx } = onnxProto;

/** ONNX's numbers of element types. */
export const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
  bfloat16: 16,
  uint4: 21,
};

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: onnxProto.onnx.IGraphProto };

/** A node of ONNX, but for its outputs. */
export interface OnnxNode {
  readonly type: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly string[];
}

/** A node under its outputs' names. The first of them is its own. */
export const nodeProto = (node: OnnxNode, outputs: readonly string[]): onnxProto.onnx.INodeProto => ({
  opType: node.type,
  domain: node.domain ?? '',
  name: outputs[0] ?? '',
  input: [...node.inputs],
  output: [...outputs],
  attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attributeProto(name, value)),
});

/** An input of a graph with its type; sizes that are names are known when it runs. */
export function valueInfo({ name, dtype, shape }: InputType): onnxProto.onnx.IValueInfoProto {
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
