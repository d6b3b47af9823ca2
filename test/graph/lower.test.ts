import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lower } from '../../src/graph/lower.js';
import { topologicalOrder } from '../../src/graph/node.js';
import * as ops from '../../src/graph/ops.js';
import { serialize } from '../../src/graph/serialize.js';
import { WEBGPU } from '../../src/graph/webgpu.js';
import { decodeGraph } from '../../src/lm/decode.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { allTrained, grpoGraph } from '../../src/lm/train-step.js';
import { weightInputs } from '../../src/lm/weights.js';
import { QWEN3 } from '../support/small-models.js';

const SETTINGS = { kl: 0.01, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' } as const;
const opsOf = (outputs: Parameters<typeof serialize>[0]): Set<string> =>
  new Set(topologicalOrder(Object.values(outputs)).map(({ op }) => op));

test('with no replacements a graph stays the very same nodes', () => {
  const graph = grpoGraph(QWEN3, allTrained(QWEN3), SETTINGS, { recompute: true });
  const lowered = lower(graph, {});
  for (const [name, value] of Object.entries(graph)) assert.equal(lowered[name], value, name);
});

test('where nothing below an output is replaced, WebGPU runs the nodes that the CPU runs', () => {
  const x = ops.input('x', ['B', 4]);
  const graph = { y: ops.softmax(x), z: ops.oneHot(ops.argMax(x), 4) };
  const lowered = lower(graph, WEBGPU);
  assert.equal(lowered.y, graph.y);
  assert.notEqual(lowered.z, graph.z);
});

test('no operator that WebGPU lacks is left in a graph, and a matrix that is only multiplied is not turned before', () => {
  const sampling = { laneCount: 1, sampling: 'plain', tokens: 'one' } as const;
  const decode = lower(decodeGraph(QWEN3, weightInputs(parameterLayout(QWEN3)), sampling), WEBGPU);
  const grpo = lower(grpoGraph(QWEN3, allTrained(QWEN3), SETTINGS, { recompute: false }), WEBGPU);
  for (const found of [opsOf(decode), opsOf(grpo)])
    for (const op of ['TokenLogprob', 'OneHot', 'MatMulTransposed']) assert.ok(!found.has(op), op);
  const weights = topologicalOrder(Object.values(decode)).filter(
    ({ op, inputs }) => op === 'Transpose' && inputs[0]?.shape[0] === QWEN3.vocabularySize,
  );
  assert.equal(weights.length, 0);
});

test('the body of a loop is replaced too, and what it captures stays outside', () => {
  const x = ops.input('x', ['B', 7]);
  const [iteration, sum] = [ops.input('iteration', [], 'int64'), ops.input('sum', ['B'])];
  const next = ops.add(sum, ops.tokenLogprob(x, ops.argMax(x)));
  const body = { iteration, carried: [sum], nextCarried: [next], stacked: [] };
  const [total] = ops.loop(ops.input('turns', [], 'int64'), [ops.input('zero', ['B'])], body, [['B']], 'N');
  const lowered = lower({ total: total as NonNullable<typeof total> }, WEBGPU);
  const [loop] = topologicalOrder(Object.values(lowered)).filter(({ op }) => op === 'Loop');
  const inside = new Set(topologicalOrder(loop?.attributes.body?.nextCarried ?? []).map(({ op }) => op));
  assert.ok(!inside.has('TokenLogprob') && inside.has('GatherElements'));
  assert.ok(serialize(lowered).length > 0);
});
