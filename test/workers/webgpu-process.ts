import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NumericalError } from '../../src/errors.js';
import { GraphSession, transferredBytes } from '../../src/graph/session.js';
import { type Generated, samplingSettings } from '../../src/lm/batching.js';
import { openCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { initialAdapters, loraLayout } from '../../src/lm/lora.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import type { TokenChoice } from '../../src/lm/sampling.js';
import { LARGE_VOCABULARY } from '../../src/lm/token-scores.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { Engine } from '../../src/workers/engine.js';
import type { GrpoTask, PolicyWeights, TrainableWeights } from '../../src/workers/tasks.js';
import { claim } from '../support/claims.js';
import { assertClose } from '../support/close.js';
import { tensorsOf, writeCheckpointFiles } from '../support/raw-checkpoint.js';
import { engineFor, FAMILIES, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';

/** What a policy does, on the CPU and on WebGPU: run in a process that finds a driver. */

/** Of log-probabilities, losses, and gradients of this size. */
const TOLERANCE = 1e-4;
/** Fewer seats than requests, so that seats are given anew. */
const LIMITS = { seatCount: 4, cacheBytes: 2 ** 30 };

/** Device tensors that a graph has made and that are not disposed of yet. */
let onDevice = 0;
const { runInto } = GraphSession.prototype;
GraphSession.prototype.runInto = async function (this: GraphSession, targets, inputs) {
  const results = await runInto.call(this, targets, inputs);
  for (const tensor of Object.values(results)) {
    if (tensor.location !== 'gpu-buffer') continue;
    onDevice++;
    const dispose = tensor.dispose.bind(tensor);
    tensor.dispose = () => {
      onDevice--;
      dispose();
    };
  }
  return results;
};

const random = new Random(stream(1, 'webgpu'));
const prompts = [3, 1, 6, 4].map((length) => randomTokens(random, length, QWEN3.vocabularySize));
const requests = Array.from({ length: 7 }, (_, i) => ({ prompt: i % prompts.length, key: stream(2, i) }));
const SCORED = prompts.map((prompt, i) => ({ tokens: [...prompt, 1 + i, 5, 2], start: prompt.length }));
const SHARP = sharpWeights(QWEN3, 3);
const shared = shareWeights(SHARP);
const [cpu, webgpu] = [engineFor(QWEN3), engineFor(QWEN3, 'webgpu')];

function assertSameText(found: readonly Generated[], wanted: readonly Generated[]): void {
  for (const [i, { tokens, finished, logprobs, untemperedLogprobs }] of wanted.entries()) {
    assert.deepEqual([found[i]?.tokens, found[i]?.finished], [tokens, finished], `request ${i}`);
    assertClose(found[i]?.logprobs ?? [], logprobs, TOLERANCE, `logprobs of request ${i}`);
    assertClose(found[i]?.untemperedLogprobs ?? [], untemperedLogprobs, TOLERANCE, `own logprobs of request ${i}`);
  }
}

const generate = (engine: Engine, weights: PolicyWeights, choice: Partial<TokenChoice>, maxTokens = 6) =>
  engine.generate({
    weights,
    prompts,
    requests,
    sampling: samplingSettings({ maxTokens, stops: [3], ...choice }),
    limits: LIMITS,
  });

const CHOICES: Readonly<Record<string, Partial<TokenChoice>>> = {
  greedy: { temperature: 0 },
  plain: {},
  tempered: { temperature: 0.7 },
  truncated: { topK: 6, topP: 0.9, temperature: 1.2 },
};
for (const [kind, choice] of Object.entries(CHOICES)) {
  await claim(`${kind} generation gives the same tokens and log-probabilities on both providers`, async () => {
    assertSameText(await generate(webgpu, shared, choice), await generate(cpu, shared, choice));
  });
}

for (const [family, config] of FAMILIES.slice(1)) {
  await claim(`${family}: generation is the same on both providers`, async () => {
    const weights = shareWeights(sharpWeights(config, 5));
    const found = await generate(engineFor(config, 'webgpu'), weights, {});
    assertSameText(found, await generate(engineFor(config), weights, {}));
  });
}

await claim('a cache that grows on the device holds what it held', async () => {
  const long = { temperature: 0, maxTokens: 58, stops: [] };
  const task = { prompts, requests: requests.slice(0, 2), limits: LIMITS, sampling: samplingSettings(long) };
  const found = await webgpu.generate({ ...task, weights: shared });
  assertSameText(found, await cpu.generate({ ...task, weights: shared }));
});

await claim('what crosses to the device and back for a token does not grow with the cache', async () => {
  // Of one token more: what is computed once (prompts, rotary tables, an empty cache) is in both.
  const bytesFor = async (maxTokens: number) => {
    const before = transferredBytes();
    const sampling = samplingSettings({ maxTokens, stops: [] });
    await webgpu.generate({ weights: shared, prompts, requests: requests.slice(0, 4), sampling, limits: LIMITS });
    const after = transferredBytes();
    // The tables are as long as the longest sequence: cos and sin of 3 floats, and a number for each slot, 16 at a time.
    const tables = (6 + maxTokens) * 2 * 3 * 4;
    return {
      uploaded: after.uploaded - before.uploaded - tables,
      downloaded: after.downloaded - before.downloaded,
    };
  };
  const [five, six, thirty] = [await bytesFor(5), await bytesFor(6), await bytesFor(30)];
  // Each of 4 seats: token and position (8 bytes), slot and random number (4). Back: a token and its log-probability.
  assert.equal(six.downloaded - five.downloaded, 4 * (8 + 4));
  assert.equal(thirty.downloaded - six.downloaded, 24 * 4 * (8 + 4));
  const slots = (tokens: number): number => 4 * 16 * Math.ceil((6 + tokens) / 16);
  assert.equal(thirty.uploaded - six.uploaded - (slots(30) - slots(6)), 24 * 4 * (8 + 8 + 4 + 4));
});

await claim('generation leaves nothing on the device but the weights', async () => {
  await generate(webgpu, shared, {});
  const before = onDevice;
  await generate(webgpu, shared, {});
  assert.equal(onDevice, before);
  // Of five versions of weights the last three stay.
  const engine = engineFor(QWEN3, 'webgpu');
  for (let version = 0; version < 5; version++) await engine.score({ weights: shareWeights(SHARP), sequences: SCORED });
  assert.equal(onDevice, before + 3 * parameterLayout(QWEN3).parameters.length);
});

await claim('generation that is stopped, or fails, leaves nothing on the device either', async () => {
  let tokens = 0;
  const stopping = new Engine(
    QWEN3,
    'webgpu',
    () => {
      if (++tokens > 3) throw new Error('stopped');
    },
    1,
  );
  const before = onDevice;
  const weightCount = parameterLayout(QWEN3).parameters.length;
  await assert.rejects(generate(stopping, shared, {}), /stopped/);
  assert.equal(onDevice, before + weightCount);
  const broken = shareWeights(SHARP.map((x, i) => (i === 40 ? Number.NaN : x)));
  await assert.rejects(generate(stopping, broken, {}), (error) => error instanceof Error);
  const numbers = engineFor(QWEN3, 'webgpu');
  await assert.rejects(generate(numbers, broken, { temperature: 0 }), (error) => error instanceof NumericalError);
  assert.equal(onDevice, before + 3 * weightCount);
});

await claim('scores of completions are the same on both providers', async () => {
  const task = { weights: shared, sequences: SCORED };
  assertClose((await webgpu.score(task)).flat(), (await cpu.score(task)).flat(), TOLERANCE, 'score');
});

function grpoTask(weights: TrainableWeights, recompute: boolean, width = 0): GrpoTask {
  const padding = Array.from({ length: width }, () => 1);
  const batch = SCORED.map(({ tokens, start }, i) => {
    const completion = [...tokens.slice(start), ...padding];
    return {
      tokens: [...tokens.slice(0, start), ...completion],
      start,
      advantage: i - 1.5,
      weight: 0.1,
      behaviourLogprobs: completion.map((_, t) => -3 + 0.1 * t),
    };
  });
  const settings = { kl: 0.1, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' } as const;
  return { weights, reference: weights, batches: [batch], settings, train: { recompute } };
}

async function assertSameStep(config: typeof QWEN3, task: GrpoTask): Promise<Float32Array> {
  const [found, wanted] = [await engineFor(config, 'webgpu').grpo(task), await engineFor(config).grpo(task)];
  assertClose(found.gradient, wanted.gradient, TOLERANCE, 'gradient');
  for (const name of ['loss', 'klSum', 'clippedSum', 'entropySum', 'driftSum', 'driftMax'] as const)
    assertClose([found[name]], [wanted[name]], TOLERANCE, name);
  return wanted.gradient;
}

for (const recompute of [false, true]) {
  await claim(`a GRPO step${recompute ? ', recomputing activations,' : ''} is the same on both providers`, async () => {
    await assertSameStep(QWEN3, grpoTask(shared, recompute));
  });
}

await claim('a GRPO step over a large vocabulary, scored in parts, is the same on both providers', async () => {
  const config = { ...QWEN3, vocabularySize: LARGE_VOCABULARY, layerCount: 1 };
  const task = grpoTask(shareWeights(sharpWeights(config, 6)), false);
  await assertSameStep(config, { ...task, batches: [(task.batches[0] ?? []).slice(0, 1)] });
});

await claim('a supervised step is the same on both providers', async () => {
  const sequences = SCORED.map(({ tokens }) => tokens);
  const weights = sequences.map(({ length }) => new Float32Array(length - 1).fill(0.2));
  const task = { weights: shared, batches: [{ sequences, weights }], train: { recompute: false } };
  const [found, wanted] = [await webgpu.supervised(task), await cpu.supervised(task)];
  assertClose(found.gradient, wanted.gradient, TOLERANCE, 'gradient');
  assertClose([found.loss], [wanted.loss], TOLERANCE, 'loss');
});

for (const optimizer of ['adamw', 'muon'] as const) {
  await claim(`an update by ${optimizer} is the same on both providers`, async () => {
    const { gradient } = await cpu.grpo(grpoTask(shared, false));
    const task = {
      ...freshState(SHARP),
      optimizer: { optimizer, beta1: 0.9, beta2: 0.99 },
      gradient,
      learningRate: 1e-3,
      muonLearningRate: 1e-3,
      weightDecay: 0.01,
      gradientClip: 1,
      step: 1,
    };
    const [found, wanted] = [await webgpu.update(task), await cpu.update(task)];
    for (const name of ['weights', 'first', 'second'] as const) assertClose(found[name], wanted[name], 1e-5, name);
    assertClose([found.gradNorm], [wanted.gradNorm], TOLERANCE, 'norm of the gradient');
  });
}

const folder = mkdtempSync(join(tmpdir(), 'rzero-webgpu-'));
try {
  saveCheckpoint(folder, { config: QWEN3, weights: SHARP });
  const base = openCheckpoint(folder);

  await claim('weights that stay in their file give on WebGPU what they give on the CPU', async () => {
    const found = await generate(engineFor(QWEN3, 'webgpu'), base, {});
    assertSameText(found, await generate(cpu, base, {}));
  });

  for (const type of ['F16', 'BF16'] as const) {
    await claim(`weights stored as ${type} give on WebGPU what they give on the CPU`, async () => {
      const own = join(folder, type);
      writeCheckpointFiles(own, QWEN3, tensorsOf(QWEN3, SHARP), { type, shardCount: 2 });
      const weights = openCheckpoint(own);
      const found = await generate(engineFor(QWEN3, 'webgpu'), weights, { temperature: 0 }, 3);
      assertSameText(found, await generate(engineFor(QWEN3), weights, { temperature: 0 }, 3));
    });
  }

  await claim('adapters over weights in a file generate and learn the same on both providers', async () => {
    const lora = { rank: 2, alpha: 4, targets: [...LORA_TARGETS] };
    const own = new Random(stream(5, 'adapters'));
    const adapters = initialAdapters(QWEN3, lora, 1).map((x) => (x === 0 ? 0.1 * own.normal() : x));
    const weights = { base, lora, adapters: shareWeights(adapters) };
    const found = await generate(engineFor(QWEN3, 'webgpu'), weights, {});
    assertSameText(found, await generate(engineFor(QWEN3), weights, {}));
    const gradient = await assertSameStep(QWEN3, grpoTask(weights, true));
    assert.equal(gradient.length, loraLayout(QWEN3, lora).size);
  });
} finally {
  rmSync(folder, { recursive: true });
}
