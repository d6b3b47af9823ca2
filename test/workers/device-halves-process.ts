import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CheckpointError } from '../../src/errors.js';
import { placedNodes } from '../../src/graph/placement.js';
import { profileSessions } from '../../src/graph/profiling.js';
import { GraphSession } from '../../src/graph/session.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { openCheckpoint } from '../../src/lm/checkpoint.js';
import type { DeviceWeightFormat } from '../../src/lm/device-formats.js';
import { initialAdapters, loraLayout } from '../../src/lm/lora.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { LARGE_VOCABULARY } from '../../src/lm/token-scores.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { Engine } from '../../src/workers/engine.js';
import type { AdaptedWeights, GrpoTask, PolicyWeights } from '../../src/workers/tasks.js';
import { adapterStep } from '../support/adapter-step.js';
import { claim } from '../support/claims.js';
import { assertClose } from '../support/close.js';
import { type FloatType, stored } from '../support/half-precision.js';
import { tensorsOf, writeCheckpointFiles } from '../support/raw-checkpoint.js';
import { engineFor, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

/** Weights of 16 bits in a device's memory: run in a process that finds a driver. */

const TOLERANCE = 2e-5;

/** Bytes of the device tensors that graphs have made and that are not disposed of yet. */
let bytesOnDevice = 0;
const { runInto } = GraphSession.prototype;
GraphSession.prototype.runInto = async function (this: GraphSession, targets, inputs) {
  const results = await runInto.call(this, targets, inputs);
  for (const tensor of Object.values(results)) {
    if (tensor.location !== 'gpu-buffer') continue;
    assert.match(tensor.type, /^(float32|uint32)$/);
    const bytes = 4 * tensor.size;
    bytesOnDevice += bytes;
    const dispose = tensor.dispose.bind(tensor);
    tensor.dispose = () => {
      bytesOnDevice -= bytes;
      dispose();
    };
  }
  return results;
};

const releases: (() => void)[] = [];
const folder = temporaryFolder({ after: (release) => releases.push(release) });
const LORA = { rank: 2, alpha: 4, targets: [...LORA_TARGETS] };
const ADAPTERS = initialAdapters(QWEN3, LORA, 1).map((x, i) => (x === 0 ? 0.1 * Math.sin(i) : x));
const SHARP = sharpWeights(QWEN3, 3);
const VECTORS = new Set(['norm', 'bias']);

function adapted(type: FloatType, flat = SHARP, name: string = type, config = QWEN3): AdaptedWeights {
  writeCheckpointFiles(join(folder, name), config, tensorsOf(config, flat), { type, shardCount: 2 });
  return { base: openCheckpoint(join(folder, name)), lora: LORA, adapters: shareWeights(ADAPTERS) };
}

const onDevice = (format: DeviceWeightFormat): Engine => new Engine(QWEN3, 'webgpu', () => undefined, 1, format);

const random = new Random(stream(1, 'halves'));
const prompts = [3, 1, 6].map((length) => randomTokens(random, length, QWEN3.vocabularySize));
const sequences = prompts.map((prompt, i) => ({ tokens: [...prompt, 1 + i, 5, 2], start: prompt.length }));
const requests = prompts.map((_, prompt) => ({ prompt, key: stream(2, prompt) }));
const greedy = (engine: Engine, weights: PolicyWeights) =>
  engine.generate({
    weights,
    prompts,
    requests,
    sampling: samplingSettings({ maxTokens: 5, stops: [], temperature: 0 }),
  });
const grpoTask = (weights: AdaptedWeights): GrpoTask => adapterStep(QWEN3, weights, sequences);

async function assertSame(found: Engine, weights: AdaptedWeights, wanted: AdaptedWeights): Promise<void> {
  const cpu = engineFor(QWEN3);
  const [texts, own] = [await greedy(found, weights), await greedy(cpu, wanted)];
  for (const [i, { tokens, logprobs }] of own.entries()) {
    assert.deepEqual(texts[i]?.tokens, tokens, `request ${i}`);
    assertClose(texts[i]?.logprobs ?? [], logprobs, TOLERANCE, `logprobs of request ${i}`);
  }
  const scores = (await found.score({ weights, sequences })).flat();
  assertClose(scores, (await cpu.score({ weights: wanted, sequences })).flat(), TOLERANCE, 'scores');
  const [step, ownStep] = [await found.grpo(grpoTask(weights)), await cpu.grpo(grpoTask(wanted))];
  assertClose(step.gradient, ownStep.gradient, TOLERANCE, 'gradient of the adapters');
  assertClose([step.loss, step.klSum], [ownStep.loss, ownStep.klSum], TOLERANCE, 'loss and KL');
}

/** Bytes of the frozen weights, and of the adapters of as many policies. */
const bytesOf = (perMatrixWeight: number, policies: number): number =>
  parameterLayout(QWEN3).parameters.reduce(
    (sum, { kind, size }) => sum + (VECTORS.has(kind) ? 4 : perMatrixWeight) * size,
    0,
  ) +
  4 * policies * loraLayout(QWEN3, LORA).size;

for (const type of ['BF16', 'F16'] as const) {
  await claim(`a policy over ${type} weights is on the device what it is on the CPU, in half the memory`, async () => {
    const before = bytesOnDevice;
    const weights = adapted(type);
    await assertSame(onDevice('stored'), weights, weights);
    // One copy for decoding, scoring and training; adapters of the policy and of its reference.
    assert.equal(bytesOnDevice - before, bytesOf(2, 2));
  });
}

await claim('as float32 the same weights give the same, in twice the memory', async () => {
  const before = bytesOnDevice;
  const weights = adapted('BF16');
  await assertSame(onDevice('float32'), weights, weights);
  assert.equal(bytesOnDevice - before, bytesOf(4, 2));
});

await claim('F32 weights stay F32 on the device, and are rounded to float16 where that is asked for', async () => {
  const weights = adapted('F32');
  const before = bytesOnDevice;
  await onDevice('stored').score({ weights, sequences });
  assert.equal(bytesOnDevice - before, bytesOf(4, 1));
  const rounded = Float32Array.from(SHARP);
  for (const { kind, offset, size } of parameterLayout(QWEN3).parameters)
    if (!VECTORS.has(kind)) for (let i = offset; i < offset + size; i++) rounded[i] = stored('F16', SHARP[i] as number);
  await assertSame(onDevice('float16'), weights, adapted('F32', rounded, 'rounded'));
});

await claim(
  'a weight that float16 cannot say is refused by name, and nothing is lost with deviceWeights=stored',
  async () => {
    const flat = Float32Array.from(SHARP);
    flat[5] = -70_000;
    const weights = adapted('F32', flat, 'large');
    await assert.rejects(onDevice('float16').score({ weights, sequences }), (error) => {
      assert.ok(error instanceof CheckpointError);
      assert.match(
        error.message,
        /large\/model-0000\d-of-00002\.safetensors: model\.embed_tokens\.weight has a weight of -70000, and float16 ends at 65504/,
      );
      return true;
    });
    assert.equal((await onDevice('stored').score({ weights, sequences })).length, sequences.length);
  },
);

await claim(
  'a GRPO step over a large vocabulary, scored in parts, is that of float32 weights, and that of the CPU',
  async () => {
    const config = { ...QWEN3, vocabularySize: LARGE_VOCABULARY, layerCount: 1 };
    const base = adapted('BF16', sharpWeights(config, 6), 'vocabulary', config);
    const weights = { ...base, adapters: shareWeights(initialAdapters(config, LORA, 1)) };
    const task = { ...grpoTask(weights), reference: null };
    const batches = [(task.batches[0] ?? []).slice(2)];
    const step = (format: DeviceWeightFormat) =>
      new Engine(config, 'webgpu', () => undefined, 1, format).grpo({ ...task, batches });
    const [device, whole] = [await step('stored'), await step('float32')];
    const cpu = await engineFor(config).grpo({ ...task, batches });
    assertClose(device.gradient, whole.gradient, 1e-6, 'gradient, beside that of float32 weights on the device');
    // The policy is so far from who sampled that the KL's gradients are in the hundreds, and small ones their differences.
    const size = Math.max(...cpu.gradient.map(Math.abs));
    const shares = ({ gradient }: typeof cpu) => gradient.map((x) => x / size);
    assertClose(shares(device), shares(cpu), TOLERANCE, 'gradient');
    assertClose([device.loss, device.entropySum], [cpu.loss, cpu.entropySum], TOLERANCE, 'loss and entropy');
  },
);

await claim('each use of a weight widens it anew, so that one layer at a time is float32', async () => {
  const sessions = profileSessions(folder);
  await onDevice('stored').grpo({ ...grpoTask(adapted('BF16')), reference: null });
  const grpo = sessions.find(({ outputs }) => outputs.includes('loss'));
  const nodes = grpo === undefined ? [] : placedNodes(grpo);
  const isWidening = ({ op, reads }: (typeof nodes)[number]): boolean =>
    op === 'Cast' && reads.every(({ type }) => type === 'uint32');
  // Of 2 layers 7 projections in the forward pass; 6 again for the layer's gradient, which does not ask for what the last one
  // gave; 7 in that, but for the first layer's queries, keys and values, which pass nothing on. Rows of the embedding, and the
  // output matrix forward and backward.
  assert.equal(nodes.filter(isWidening).length, 2 * 7 + 2 * 6 + 2 * 7 - 3 + 1 + 2);
});
for (const release of releases) release();
