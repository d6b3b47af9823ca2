import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { resolveConfig } from '../../src/config.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { openCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { adaptersOf, initialAdapters, type LoraSettings, loraLayout, loraScale } from '../../src/lm/lora.js';
import type { GrpoLossSettings } from '../../src/lm/loss.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { LmPool } from '../../src/workers/pool.js';
import type { AdaptedWeights } from '../../src/workers/tasks.js';
import { engineFor, FAMILIES, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

const LORA: LoraSettings = { rank: 3, alpha: 6, targets: [...LORA_TARGETS] };
const GRPO: GrpoLossSettings = { kl: 0.3, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' };
const random = new Random(stream(8, 'prompts'));
const SEQUENCES = [9, 5, 7, 2].map((length) => randomTokens(random, length, QWEN3.vocabularySize));

/** Adapters that change what the base says: B is not zero. */
function trainedAdapters(config: DecoderConfig, lora: LoraSettings): Float32Array {
  const own = new Random(stream(5, 'adapters'));
  return initialAdapters(config, lora, stream(4, 'adapters')).map((x) => (x === 0 ? 0.1 * own.normal() : x));
}

/** A base in a file, and its policy's weights with certain adapters. */
function adapted(t: TestContext, config: DecoderConfig, lora: LoraSettings) {
  const folder = temporaryFolder(t);
  const flat = sharpWeights(config, 4);
  saveCheckpoint(folder, { config, weights: flat });
  const base = openCheckpoint(folder);
  return {
    flat,
    base,
    with: (adapters: Float32Array): AdaptedWeights => ({ base, lora, adapters: shareWeights(adapters) }),
  };
}

/** W + scale · A · B of each adapted projection, by the definition. */
function merged(config: DecoderConfig, flat: Float32Array, lora: LoraSettings, adapters: Float32Array): Float32Array {
  const result = flat.slice();
  const matrices = adaptersOf(config, lora, adapters);
  for (const { name, shape, offset } of parameterLayout(config).parameters) {
    const own = matrices.get(name);
    const [rows = 0, columns = 0] = shape;
    for (let i = 0; own !== undefined && i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let r = 0; r < lora.rank; r++) {
          const [a = 0, b = 0] = [own.a[i * lora.rank + r], own.b[r * columns + j]];
          result[offset + i * columns + j] = (result[offset + i * columns + j] ?? 0) + loraScale(lora) * a * b;
        }
  }
  return result;
}

for (const [family, config] of FAMILIES) {
  test(`${family}: fresh adapters change nothing, trained ones are what merging them gives`, async (t) => {
    const { flat, base, with: withAdapters } = adapted(t, config, LORA);
    const engine = engineFor(config);
    const sequences = SEQUENCES.map((tokens) => ({ tokens, start: 1 }));
    const scored = async (weights: Parameters<typeof engine.score>[0]['weights']) =>
      (await engine.score({ weights, sequences })).flat();
    const fresh = await scored(withAdapters(initialAdapters(config, LORA, 1)));
    assert.deepEqual(fresh, await scored(base));

    const trained = trainedAdapters(config, LORA);
    const found = await scored(withAdapters(trained));
    const expected = await scored(shareWeights(merged(config, flat, LORA, trained)));
    found.forEach((x, i) => {
      assert.ok(Math.abs(x - (expected[i] ?? Number.NaN)) < 1e-4, `${x}, merged ${expected[i]}`);
    });
    assert.ok(found.some((x, i) => Math.abs(x - (fresh[i] ?? 0)) > 0.05));
  });

  test(`${family}: with adapters, tokens are drawn as from the merged weights`, async (t) => {
    const { flat, with: withAdapters } = adapted(t, config, LORA);
    const engine = engineFor(config);
    const trained = trainedAdapters(config, LORA);
    const requests = SEQUENCES.flatMap((_, prompt) => [0, 1].map((i) => ({ prompt, key: stream(6, prompt, i) })));
    for (const choice of [{}, { temperature: 0 }, { temperature: 0.7 }, { topK: 5 }]) {
      const task = {
        prompts: SEQUENCES,
        requests,
        sampling: samplingSettings({ maxTokens: 20, stops: [5], ...choice }),
      };
      const found = await engine.generate({ ...task, weights: withAdapters(trained) });
      const expected = await engine.generate({ ...task, weights: shareWeights(merged(config, flat, LORA, trained)) });
      assert.deepEqual(
        found.map(({ tokens }) => tokens),
        expected.map(({ tokens }) => tokens),
      );
    }
  });

  test(`${family}: the gradient of every adapter equals central differences, with and without recomputation`, async (t) => {
    const { with: withAdapters } = adapted(t, config, LORA);
    const engine = engineFor(config);
    const trained = trainedAdapters(config, LORA);
    const sequences = SEQUENCES.map((tokens) => ({ tokens, start: 1 }));
    // Ratios of 1, 0.7 and 1.5: away from the edges of the clip, where there is no derivative to agree on.
    const scores = await engine.score({ weights: withAdapters(trained), sequences });
    const behaviour = scores.map((row) => row.map((logprob, t) => logprob - Math.log([1, 0.7, 1.5][t % 3] ?? 1)));
    const batch = sequences.map((sequence, i) => ({
      ...sequence,
      advantage: [1.2, -0.8, -1.1, 0.7][i] ?? 0,
      weight: 0.3,
      behaviourLogprobs: behaviour[i] ?? [],
    }));
    const run = (adapters: Float32Array, recompute: boolean) =>
      engine.grpo({
        weights: withAdapters(adapters),
        reference: withAdapters(initialAdapters(config, LORA, 1)),
        batches: [batch],
        settings: GRPO,
        train: { recompute },
      });
    const { gradient } = await run(trained, false);
    assert.equal(gradient.length, loraLayout(config, LORA).size);
    const again = await run(trained, true);
    gradient.forEach((x, i) => {
      assert.ok(Math.abs(x - (again.gradient[i] ?? Number.NaN)) < 1e-5);
    });
    const step = 4e-3;
    const drawn = new Random(stream(12, 'elements'));
    const lossAt = async (index: number, change: number): Promise<number> =>
      (await run(trained.with(index, (trained[index] ?? 0) + change), false)).loss;
    for (const { name, offset, size } of loraLayout(config, LORA).parameters) {
      const index = offset + drawn.integer(0, size);
      const numeric = ((await lossAt(index, step)) - (await lossAt(index, -step))) / (2 * step);
      const exact = gradient[index] ?? Number.NaN;
      assert.ok(
        Math.abs(numeric - exact) < 2e-3 + 1e-2 * Math.abs(numeric),
        `${name}: ${exact}, by differences ${numeric}`,
      );
    }
  });
}

test('only the projections that are named have an adapter, under the names that PEFT reads', () => {
  const { parameters, size } = loraLayout(QWEN3, { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] });
  assert.deepEqual(
    parameters.slice(0, 4).map(({ name, shape }) => [name, shape]),
    [
      ['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', [16, 2]],
      ['base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight', [2, 24]],
      ['base_model.model.model.layers.0.mlp.down_proj.lora_A.weight', [20, 2]],
      ['base_model.model.model.layers.0.mlp.down_proj.lora_B.weight', [2, 16]],
    ],
  );
  assert.equal(size, 2 * (16 * 2 + 2 * 24 + 20 * 2 + 2 * 16)); // two layers
});

test('a policy of adapters learns what is rewarded, and its reference stays the base', async (t) => {
  const { base } = adapted(t, QWEN3, LORA);
  const pool = new LmPool(QWEN3, 'cpu', 2, 1, () => {});
  t.after(() => pool.close());
  const policy = new OnnxPolicy(pool, { base, lora: LORA }, freshState(initialAdapters(QWEN3, LORA, 1)));
  const reference = policy.frozen();
  const settings = { ...resolveConfig({ preset: 'tiny' }).rl.solver, lr: 2e-2, kl: 0.01, recompute: true };
  const prompts = [[1, 2], [3, 4, 5], [6]];
  const [goal, sampling] = [7, samplingSettings({ maxTokens: 6, stops: [] })];
  const shareOfGoal = async (key: number): Promise<number> => {
    const tokens = (await policy.generate(prompts, 16, sampling, key)).flat().flatMap(({ completion }) => completion);
    return tokens.filter((token) => token === goal).length / tokens.length;
  };
  const before = await shareOfGoal(1);
  const untouched = await reference.score([{ prompt: [1, 2], completion: [3, 4] }]);
  for (let step = 0; step < 12; step++) {
    const rollouts = (await policy.generate(prompts, 12, sampling, stream(step, 'rollouts'))).flat();
    const examples = rollouts.map((rollout) => ({ rollout, advantage: rollout.completion.includes(goal) ? 1 : -0.3 }));
    const report = await policy.update(examples, { ...settings, maskTruncated: false }, reference);
    const drift = report?.logprobDriftMax ?? Number.POSITIVE_INFINITY;
    assert.ok(drift < 1e-3, `drift ${drift}`);
  }
  const after = await shareOfGoal(1);
  assert.ok(after > before + 0.2, `${before} before, ${after} after`);
  assert.deepEqual(await reference.score([{ prompt: [1, 2], completion: [3, 4] }]), untouched);
});
