import assert from 'node:assert/strict';
import { isCopy, isHarmless, placedNodes } from '../../src/graph/placement.js';
import { type ProfiledSession, profileSessions } from '../../src/graph/profiling.js';
import type { ExecutionProvider } from '../../src/graph/session.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { initialAdapters, type LoraSettings } from '../../src/lm/lora.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { Engine } from '../../src/workers/engine.js';
import { claim } from '../support/claims.js';
import { BLOCK_FAMILIES, quantizedModel } from '../support/quantized.js';
import { randomTokens } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

/** Weights of 4 bits on WebGPU beside the CPU: run in a process that finds a driver. */

const LORA: LoraSettings = { rank: 3, alpha: 6, targets: [...LORA_TARGETS] };
const [, config] = BLOCK_FAMILIES[0] as (typeof BLOCK_FAMILIES)[number];
const releases: (() => void)[] = [];
const profiles = temporaryFolder({ after: (release) => releases.push(release) });
const sessions = profileSessions(profiles);
const { quantized } = quantizedModel({ after: (release) => releases.push(release) }, config);
const random = new Random(stream(3, 'quantized'));
const prompts = [3, 7, 1].map((length) => randomTokens(random, length, config.vocabularySize));
const engineOn = (provider: ExecutionProvider): Engine => new Engine(config, provider, () => {}, 1);
const [cpu, webgpu] = [engineOn('cpu'), engineOn('webgpu')];

/** Sessions that were made on WebGPU. */
const ofWebgpu: ProfiledSession[] = [];
async function onWebgpu<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const before = sessions.length;
  const result = await work(webgpu);
  ofWebgpu.push(...sessions.slice(before));
  return result;
}

await claim('tokens of weights of 4 bits are drawn on WebGPU as on the CPU', async () => {
  const requests = prompts.map((_, prompt) => ({ prompt, key: stream(5, prompt) }));
  const task = { weights: quantized, prompts, requests, sampling: samplingSettings({ maxTokens: 12, stops: [] }) };
  const [found, wanted] = [await onWebgpu((engine) => engine.generate(task)), await cpu.generate(task)];
  found.forEach(({ tokens, logprobs }, i) => {
    assert.deepEqual(tokens, wanted[i]?.tokens);
    assertNear(logprobs, wanted[i]?.logprobs ?? [], 1e-3);
  });
});

await claim('a GRPO step of adapters over weights of 4 bits is on WebGPU what it is on the CPU', async () => {
  const adapters = initialAdapters(config, LORA, 4).map((x) => (x === 0 ? 0.05 * random.normal() : x));
  const batch = prompts.map((prompt, i) => ({
    tokens: [...prompt, 1 + i, 2],
    start: prompt.length,
    advantage: i % 2 === 0 ? 1.2 : -0.8,
    weight: 0.3,
    behaviourLogprobs: [-2, -3],
  }));
  for (const recompute of [false, true]) {
    const task = {
      weights: { base: quantized, lora: LORA, adapters: shareWeights(adapters) },
      reference: null,
      batches: [batch],
      settings: { kl: 0, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' },
      train: { recompute },
    } as const;
    const [found, wanted] = [await onWebgpu((engine) => engine.grpo(task)), await cpu.grpo(task)];
    assert.ok(Math.abs(found.loss - wanted.loss) < 1e-3);
    assertNear(found.gradient, wanted.gradient, 1e-3);
  }
});
await claim('all of it runs on WebGPU but shapes and indices', async () => {
  const nodes = ofWebgpu.flatMap((session) => placedNodes(session));
  const operators = new Set(nodes.filter(({ provider }) => provider === 'webgpu').map(({ op }) => op));
  assert.ok(operators.has('MatMulNBits') && operators.has('DequantizeLinear'), [...operators].join());
  const fallen = nodes.filter((node) => node.provider === 'cpu' || isCopy(node));
  assert.deepEqual(
    fallen.filter((node) => !isHarmless(node)).map(({ op, name }) => `${op} ${name}`),
    [],
  );
});
for (const release of releases) release();

function assertNear(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  assert.equal(found.length, wanted.length);
  for (let i = 0; i < found.length; i++)
    assert.ok(
      Math.abs((found[i] ?? Number.NaN) - (wanted[i] ?? Number.NaN)) <= tolerance,
      `${found[i]}, CPU ${wanted[i]}`,
    );
}
