import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHarmless, type Operand, type PlacedNode, parseProfile } from '../../src/graph/placement.js';
import { runNode } from '../support/command-line.js';
import { softwareVulkan } from '../support/outside.js';

const PROBE = new URL('../../bin/doctor/probe-placement.js', import.meta.url).pathname;

const event = (name: string, op: string, provider: string, input: object[], output: object[]) => ({
  cat: 'Node',
  name: `${name}_kernel_time`,
  args: {
    op_name: op,
    provider: `${provider}ExecutionProvider`,
    node_index: '1',
    input_type_shape: input,
    output_type_shape: output,
  },
});

test("a profile's nodes are read once each, with what they read and made", () => {
  const softmax = event('v1', 'Softmax', 'WebGpu', [{ float: [2, 3] }], [{ float: [2, 3] }]);
  const nodes = parseProfile([
    { cat: 'Session', name: 'model_run', args: {} },
    softmax,
    softmax,
    event('v2', 'Shape', 'CPU', [{ int64: [4] }], [{ int64: [] }]),
  ]);
  const six = { type: 'float', elementCount: 6 };
  assert.deepEqual(nodes, [
    { op: 'Softmax', name: 'v1', provider: 'webgpu', reads: [six], writes: [six] },
    {
      op: 'Shape',
      name: 'v2',
      provider: 'cpu',
      reads: [{ type: 'int64', elementCount: 4 }],
      writes: [{ type: 'int64', elementCount: 1 }],
    },
  ]);
});

test('only what reads whole numbers, and makes no more than it reads, is harmless on the CPU', () => {
  const node = (op: string, reads: Operand[], writes: Operand[]): PlacedNode => ({
    op,
    name: op,
    provider: 'cpu',
    reads,
    writes,
  });
  const [whole, floats] = [
    { type: 'int64', elementCount: 3 },
    { type: 'float', elementCount: 3 },
  ];
  assert.equal(isHarmless(node('Concat', [whole, whole], [{ ...whole, elementCount: 6 }])), true);
  assert.equal(isHarmless(node('Cast', [whole], [floats])), true);
  assert.equal(isHarmless(node('ConstantOfShape', [whole], [{ ...floats, elementCount: 1000 }])), false);
  assert.equal(isHarmless(node('LogSoftmax', [floats], [floats])), false);
  assert.equal(isHarmless(node('MemcpyToHost', [floats], [floats])), false);
  assert.equal(isHarmless(node('MemcpyToHost', [whole], [whole])), true);
});

test('no graph of a policy leaves numbers to the CPU when it runs on WebGPU', async (t) => {
  const environment = softwareVulkan(t);
  if (environment === null) return;
  const { code, stdout, stderr } = await runNode([PROBE, 'webgpu'], '', environment);
  assert.equal(code, 0, stderr);
  const graphs = JSON.parse(stdout) as {
    readonly graph: string;
    readonly counts: Readonly<Record<string, number>>;
    readonly harmless: readonly string[];
    readonly harmful: readonly PlacedNode[];
  }[];
  for (const { graph, counts, harmless, harmful } of graphs) {
    assert.deepEqual(harmful, [], graph);
    assert.ok((counts['webgpu'] ?? 0) > 0, graph);
    for (const op of harmless) assert.ok(ALLOWED.has(op), `${graph}: ${op}`);
  }
});

/** Operators of shapes and indices that ONNX Runtime has on the CPU, and copies of them. */
const ALLOWED = new Set([
  'Cast',
  'Concat',
  'Gather',
  'Identity',
  'MemcpyFromHost',
  'MemcpyToHost',
  'Mul',
  'Reshape',
  'Shape',
  'Slice',
  'Split',
  'Squeeze',
  'Unsqueeze',
]);
