import { InternalError } from '../errors.js';
import { bodyNodes, type LoopBody, type Node, type Op, topologicalOrder, type Value } from './node.js';

/**
 * A graph in the operators that a provider has. Rules:
 * - what a provider lacks, or computes wrongly, is replaced by our choice, before ONNX Runtime would give it to the CPU and
 *   copy what it reads and writes;
 * - a graph in which nothing is replaced stays the very same nodes, so that its bytes and results do not change;
 * - a replacement that nothing uses any more is not written: a graph is what its outputs rest on.
 */

/** What a node becomes: a value for each of its outputs, or null to leave it. `inputs` are replaced already. */
export type Lowering = (node: Node, inputs: readonly Value[], graph: LoweredGraph) => readonly Value[] | null;
export type Lowerings = Partial<Record<Op, Lowering>>;

/** What a lowering may ask about the graph around its node. */
export interface LoweredGraph {
  /** Whether anything reads an output of a node. */
  reads(node: Node, output: number): boolean;
  /** What a value of the graph became. */
  replaced(value: Value): Value;
  /** What values become that are not of the graph, but rest on what is. */
  lowered(values: readonly Value[]): Value[];
}

/** The same outputs, with the operators of the table replaced. */
export function lower(outputs: Readonly<Record<string, Value>>, table: Lowerings): Record<string, Value> {
  const read = new Map<Node, Map<number, Value>>();
  const results = new Map<Node, readonly Value[]>();
  const done = new Set<Node>();
  const replaced = (value: Value): Value => {
    const result = results.get(value.node);
    if (result === undefined) return value; // the node is as it was
    const found = result[value.output];
    if (found === undefined) throw new InternalError(`${value.node.op} has lost its output ${value.output}`);
    return found;
  };
  const lowered = (values: readonly Value[]): Value[] => {
    noteOutputsRead(values, read);
    for (const node of topologicalOrder(values)) visit(node);
    return values.map(replaced);
  };
  const graph = { reads: (node: Node, output: number) => read.get(node)?.has(output) ?? false, replaced, lowered };

  const visit = (node: Node): void => {
    if (done.has(node)) return;
    done.add(node);
    if (node.attributes.body !== undefined) for (const inner of bodyNodes(node.attributes.body)) visit(inner);
    const inputs = node.inputs.map(replaced);
    const result = table[node.op]?.(node, inputs, graph);
    if (result !== undefined && result !== null) results.set(node, result);
    else if (inputs.some((input, i) => input !== node.inputs[i]) || changesBody(node, replaced))
      results.set(node, remade(node, inputs, replaced, read.get(node) ?? new Map()));
  };
  const names = Object.keys(outputs);
  const found = lowered(Object.values(outputs));
  return Object.fromEntries(names.map((name, i) => [name, found[i] as Value]));
}

/** Notes each output of each node that something reads, as it is read. */
function noteOutputsRead(outputs: readonly Value[], read: Map<Node, Map<number, Value>>): void {
  const note = (value: Value): void => {
    const known = read.get(value.node) ?? new Map<number, Value>();
    read.set(value.node, known.set(value.output, value));
  };
  const visit = (node: Node): void => {
    for (const input of node.inputs) note(input);
    const { body } = node.attributes;
    if (body === undefined) return;
    for (const inner of bodyNodes(body)) visit(inner);
    for (const result of [...body.nextCarried, ...body.stacked]) note(result);
  };
  for (const output of outputs) note(output);
  for (const node of topologicalOrder(outputs)) visit(node);
}

function changesBody(node: Node, replaced: (value: Value) => Value): boolean {
  const { body } = node.attributes;
  return body !== undefined && [...body.nextCarried, ...body.stacked].some((result) => replaced(result) !== result);
}

/** The node with other inputs, and each of its outputs that is read, as it was. */
function remade(
  node: Node,
  inputs: readonly Value[],
  replaced: (value: Value) => Value,
  read: ReadonlyMap<number, Value>,
): readonly Value[] {
  const { body } = node.attributes;
  const attributes = body === undefined ? node.attributes : { ...node.attributes, body: remadeBody(body, replaced) };
  const again: Node = { op: node.op, inputs, attributes };
  const results: Value[] = [];
  for (const [output, value] of read) results[output] = { ...value, node: again };
  return results;
}

const remadeBody = (body: LoopBody, replaced: (value: Value) => Value): LoopBody => ({
  ...body,
  nextCarried: body.nextCarried.map(replaced),
  stacked: body.stacked.map(replaced),
});
