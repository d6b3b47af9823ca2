import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import onnxProto from 'onnx-proto';
import type { Value } from '../../src/graph/node.js';
import { ELEMENT_TYPE } from '../../src/graph/onnx.js';
import { serialize } from '../../src/graph/serialize.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { openCheckpoint } from '../../src/lm/checkpoint.js';
import { decodeGraph } from '../../src/lm/decode.js';
import { initialAdapters, loraLayout } from '../../src/lm/lora.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { grpoGraph, scoreGraph } from '../../src/lm/train-step.js';
import { adaptedWeights } from '../../src/lm/weights.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import type { AdaptedWeights } from '../../src/workers/tasks.js';
import { adapterStep } from '../support/adapter-step.js';
import { assertClose } from '../support/close.js';
import type { FloatType } from '../support/half-precision.js';
import { storedTensors, tensorsOf, writeCheckpointFiles } from '../support/raw-checkpoint.js';
import { engineFor, LLAMA, QWEN2, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

/**
 * Weights of 16 bits as constants in their files: what the CPU and CUDA run. CUDA could not be had, so that its graphs are held
 * by their form: of the types of 16 bits they ask for the kernels `Gather` and `Cast`, which ONNX Runtime's list of kernels
 * (docs/OperatorKernels.md) has for float16 and bfloat16 from opset 13 on.
 */

const LORA = { rank: 2, alpha: 4, targets: [...LORA_TARGETS] };
const TYPES = { F16: 'float16', BF16: 'bfloat16' } as const;

function adapted(t: TestContext, config: typeof QWEN3, stored: FloatType, rounded: FloatType): AdaptedWeights {
  const folder = join(temporaryFolder(t), stored);
  const tensors = storedTensors(rounded, tensorsOf(config, sharpWeights(config, 3)));
  writeCheckpointFiles(folder, config, tensors, { type: stored, shardCount: 2 });
  const adapters = initialAdapters(config, LORA, 1).map((x, i) => (x === 0 ? 0.1 * Math.sin(i) : x));
  return { base: openCheckpoint(folder), lora: LORA, adapters: shareWeights(adapters) };
}

/** What reads the initialisers of a type in the graph as it is written, loops included, and what it makes of them. */
function readersOf(outputs: Readonly<Record<string, Value>>, type: number): string[] {
  const { graph } = onnxProto.onnx.ModelProto.decode(serialize(outputs));
  const halves = new Set(graph?.initializer?.flatMap(({ name, dataType }) => (dataType === type ? [name ?? ''] : [])));
  assert.ok(halves.size > 0);
  const readers: string[] = [];
  const visit = (nodes: onnxProto.onnx.INodeProto[]): void => {
    for (const { opType, input, output, attribute } of nodes) {
      for (const { g } of attribute ?? []) visit(g?.node ?? []);
      if (!(input ?? []).some((name) => halves.has(name))) continue;
      const to = attribute?.find(({ name }) => name === 'to')?.i;
      readers.push(to === undefined ? String(opType) : `${opType} to ${to}`);
      if (opType === 'Gather') halves.add(output?.[0] ?? ''); // of the same type still
    }
  };
  visit(graph?.node ?? []);
  return readers;
}

for (const [stored, dtype] of Object.entries(TYPES) as [keyof typeof TYPES, 'float16' | 'bfloat16'][]) {
  test(`${stored}: graphs cast each weight to float32 at each use, and nothing else reads it`, (t) => {
    for (const [config, sampling] of [
      [QWEN3, 'any'],
      [LLAMA, 'plain'],
      [{ ...QWEN3, vocabularySize: 8192, layerCount: 1 }, 'any'],
    ] as const) {
      const { base } = adapted(t, config, stored, stored);
      const weights = adaptedWeights(config, base.places, LORA);
      const trained = { weights, layout: loraLayout(config, LORA) };
      const settings = { kl: 0.1, clipLow: 0.2, clipHigh: 0.2, ratio: 'token' } as const;
      const castToFloat = `Cast to ${ELEMENT_TYPE.float32}`;
      for (const [graph, times] of [
        [decodeGraph(config, weights, { laneCount: 1, sampling, tokens: 'many' }), 1],
        [scoreGraph(config, weights), 1],
        [grpoGraph(config, trained, settings, { recompute: true }), 2],
      ] as const) {
        const readers = readersOf(graph, ELEMENT_TYPE[dtype]);
        assert.deepEqual(new Set(readers), new Set(['Gather', castToFloat]));
        const casts = readers.filter((reader) => reader === castToFloat).length;
        assert.ok(casts >= times * parameterLayout(config).parameters.length, `${casts} casts`);
      }
    }
  });

  for (const [family, config] of Object.entries({ QWEN3, QWEN2 })) {
    test(`${family}: a policy over ${stored} weights is the one over the same numbers in F32`, async (t) => {
      const [halves, whole] = [adapted(t, config, stored, stored), adapted(t, config, 'F32', stored)];
      const engine = engineFor(config);
      const random = new Random(stream(4, 'halves'));
      const prompts = [4, 1, 7].map((length) => randomTokens(random, length, config.vocabularySize));
      const requests = prompts.map((_, prompt) => ({ prompt, key: prompt }));
      const sampling = samplingSettings({ maxTokens: 8, stops: [], temperature: 0 });
      const sequences = prompts.map((prompt) => ({ tokens: [...prompt, 1, 5, 2], start: prompt.length }));
      const work = async (weights: AdaptedWeights) => ({
        texts: await engine.generate({ weights, prompts, requests, sampling }),
        scores: (await engine.score({ weights, sequences })).flat(),
        step: await engine.grpo(adapterStep(config, weights, sequences)),
      });
      const [found, wanted] = [await work(halves), await work(whole)];
      for (const [i, { tokens, logprobs }] of wanted.texts.entries()) {
        assert.deepEqual(found.texts[i]?.tokens, tokens);
        assertClose(found.texts[i]?.logprobs ?? [], logprobs, 1e-5, 'logprobs');
      }
      assertClose(found.scores, wanted.scores, 1e-5, 'scores');
      assertClose(found.step.gradient, wanted.step.gradient, 1e-5, 'gradient of the adapters');
      assertClose([found.step.loss, found.step.klSum], [wanted.step.loss, wanted.step.klSum], 1e-5, 'loss and KL');
    });
  }
}
