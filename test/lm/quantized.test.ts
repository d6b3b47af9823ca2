import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveConfig } from '../../src/config.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { initialAdapters, type LoraSettings } from '../../src/lm/lora.js';
import { LARGE_VOCABULARY } from '../../src/lm/token-scores.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { LmPool } from '../../src/workers/pool.js';
import type { AdaptedWeights, GrpoResult } from '../../src/workers/tasks.js';
import { BLOCK_FAMILIES, quantizedModel } from '../support/quantized.js';
import { engineFor, randomTokens } from '../support/small-models.js';

/** Weights of 4 bits do what the float32 weights do that they stand for. */

const LORA: LoraSettings = { rank: 3, alpha: 6, targets: [...LORA_TARGETS] };
const [, QWEN3] = BLOCK_FAMILIES[0] as (typeof BLOCK_FAMILIES)[number];
const random = new Random(stream(3, 'quantized'));

/** Adapters that change what the base says: B is not zero. */
const trainedAdapters = (config: typeof QWEN3): Float32Array =>
  initialAdapters(config, LORA, 4).map((x) => (x === 0 ? 0.05 * random.normal() : x));

function assertNear(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(found.length, wanted.length);
  for (let i = 0; i < found.length; i++) {
    const [x, y] = [found[i] ?? Number.NaN, wanted[i] ?? Number.NaN];
    assert.ok(Math.abs(x - y) <= tolerance, `${what} ${i}: ${x}, and ${y} in float32`);
  }
}

for (const [family, small] of BLOCK_FAMILIES) {
  for (const tiedEmbeddings of [true, false]) {
    const config = { ...small, tiedEmbeddings };
    const name = `${family}, ${tiedEmbeddings ? 'tied' : 'untied'}`;
    const prompts = Array.from({ length: 7 }, (_, i) => randomTokens(random, 1 + 2 * i, config.vocabularySize));

    test(`${name}: tokens are drawn and scored as with the weights that the 4 bits stand for`, async (t) => {
      const { quantized, flat } = quantizedModel(t, config);
      const engine = engineFor(config);
      const shared = shareWeights(flat);
      const requests = prompts.flatMap((_, prompt) =>
        [0, 1, 2].map((sample) => ({ prompt, key: stream(5, prompt, sample) })),
      );
      for (const choice of [{}, { temperature: 0 }, { topK: 5 }]) {
        const sampling = samplingSettings({ maxTokens: 20, stops: [5], ...choice });
        const wanted = await engine.generate({ weights: shared, prompts, requests, sampling });
        const found = await engine.generate({ weights: quantized, prompts, requests, sampling });
        found.forEach(({ tokens, logprobs }, i) => {
          assert.deepEqual(tokens, wanted[i]?.tokens, `${JSON.stringify(choice)}, request ${i}`);
          assertNear(logprobs, wanted[i]?.logprobs ?? [], 1e-4, 'logprob');
        });
      }
      const sequences = prompts.map((prompt) => ({ tokens: [...prompt, 1, 2, 3], start: prompt.length }));
      const scored = (await engine.score({ weights: quantized, sequences })).flat();
      assertNear(scored, (await engine.score({ weights: shared, sequences })).flat(), 1e-4, 'score');
    });

    test(`${name}: a GRPO step of adapters is that over the weights that the 4 bits stand for`, async (t) => {
      const { quantized, dequantized } = quantizedModel(t, config);
      const adapters = shareWeights(trainedAdapters(config));
      const [found, wanted] = [
        await grpoOver(config, { base: quantized, lora: LORA, adapters }, prompts, false),
        await grpoOver(config, { base: dequantized, lora: LORA, adapters }, prompts, false),
      ];
      assert.ok(Math.hypot(...wanted.gradient) > 0.1);
      assertNear(found.gradient, wanted.gradient, 1e-4, 'gradient');
      assertNear([found.loss, found.klSum, found.driftMax], [wanted.loss, wanted.klSum, wanted.driftMax], 1e-4, 'sum');
      const again = await grpoOver(config, { base: quantized, lora: LORA, adapters }, prompts, true);
      assertNear(again.gradient, found.gradient, 1e-5, 'gradient with recomputation');
    });
  }
}

test('a vocabulary that is scored in chunks is no different', async (t) => {
  const config = { ...QWEN3, vocabularySize: LARGE_VOCABULARY, layerCount: 1 };
  const { quantized, dequantized } = quantizedModel(t, config);
  const adapters = shareWeights(trainedAdapters(config));
  const prompts = [[1, 8000, 3], [5]];
  const [found, wanted] = [
    await grpoOver(config, { base: quantized, lora: LORA, adapters }, prompts, true),
    await grpoOver(config, { base: dequantized, lora: LORA, adapters }, prompts, true),
  ];
  assertNear(found.gradient, wanted.gradient, 1e-4, 'gradient');
});

test('a policy of adapters over 4 bits learns what is rewarded, and what it drew is what it trains on', async (t) => {
  const { quantized } = quantizedModel(t, QWEN3);
  const pool = new LmPool(QWEN3, 'cpu', 2, 1, () => {});
  t.after(() => pool.close());
  const base = { base: quantized, lora: LORA };
  const policy = new OnnxPolicy(pool, base, freshState(initialAdapters(QWEN3, LORA, 1)));
  const reference = policy.frozen();
  const settings = { ...resolveConfig({ preset: 'tiny' }).rl.solver, lr: 2e-2, kl: 0.01, recompute: true };
  const prompts = [[1, 2], [3, 4, 5], [6]];
  const [goal, sampling] = [7, samplingSettings({ maxTokens: 6, stops: [] })];
  const shareOfGoal = async (): Promise<number> => {
    const tokens = (await policy.generate(prompts, 16, sampling, 1)).flat().flatMap(({ completion }) => completion);
    return tokens.filter((token) => token === goal).length / tokens.length;
  };
  const before = await shareOfGoal();
  for (let step = 0; step < 12; step++) {
    const rollouts = (await policy.generate(prompts, 12, sampling, stream(step, 'rollouts'))).flat();
    const examples = rollouts.map((rollout) => ({ rollout, advantage: rollout.completion.includes(goal) ? 1 : -0.3 }));
    const report = await policy.update(examples, { ...settings, maskTruncated: false }, reference);
    const drift = report?.logprobDriftMax ?? Number.POSITIVE_INFINITY;
    assert.ok(drift < 1e-3, `drift ${drift}`);
  }
  const after = await shareOfGoal();
  assert.ok(after > before + 0.2, `${before} before, ${after} after`);
});

test('weights of 4 bits are not for learning themselves', (t) => {
  const { quantized } = quantizedModel(t, QWEN3);
  assert.throws(() => loadCheckpoint(quantized.folder), /has weights of 4 bits, .* not loaded to learn/);
});

/** One micro-batch of all prompts with two more tokens each, and a reference without adapters. */
function grpoOver(
  config: typeof QWEN3,
  weights: AdaptedWeights,
  prompts: readonly (readonly number[])[],
  recompute: boolean,
): Promise<GrpoResult> {
  const batch = prompts.map((prompt, i) => ({
    tokens: [...prompt, 1 + i, 2],
    start: prompt.length,
    advantage: i % 2 === 0 ? 1.2 : -0.8,
    weight: 0.3,
    behaviourLogprobs: [-2, -3],
  }));
  const fresh = shareWeights(initialAdapters(config, LORA, 1));
  return engineFor(config).grpo({
    weights,
    reference: { ...weights, adapters: fresh },
    batches: [batch],
    settings: { kl: 0.3, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' },
    train: { recompute },
  });
}
