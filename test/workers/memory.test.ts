import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { samplingSettings } from '../../src/lm/batching.js';
import { freshState, type PolicyState, shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { engineFor, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const CONFIG = { ...QWEN3, hiddenSize: 64, headSize: 16, feedForwardSize: 128, maxPositions: 256 };
const engine = engineFor(CONFIG);
let state: PolicyState = freshState(sharpWeights(CONFIG, 1));

/** One step of the loop: rollouts of prompts, a gradient, an update. Shapes differ from round to round, and come back after
 *  ten: memory may grow to hold the largest, and no further. */
async function round(index: number): Promise<void> {
  const random = new Random(stream(index % 10, 'memory'));
  const weights = shareWeights(state.weights);
  const prompts = Array.from({ length: 8 }, () =>
    randomTokens(random, 1 + random.integer(0, 30), CONFIG.vocabularySize),
  );
  const requests = prompts.flatMap((_, prompt) =>
    Array.from({ length: 6 }, (_, i) => ({ prompt, key: stream(index, prompt, i) })),
  );
  const sampling = samplingSettings({ maxTokens: 20 + random.integer(0, 40), stops: [] });
  const generated = await engine.generate({ weights, prompts, requests, sampling });
  const batch = generated.map(({ tokens, logprobs }, i) => {
    const prompt = prompts[requests[i]?.prompt ?? 0] as number[];
    const place = { tokens: [...prompt, ...tokens], start: prompt.length };
    return { ...place, advantage: i % 2 === 0 ? 1 : -1, weight: 1e-3, behaviourLogprobs: logprobs };
  });
  const settings = { kl: 0.01, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' } as const;
  const task = { weights, reference: weights, batches: [batch], settings, train: { recompute: false } };
  const { gradient } = await engine.grpo(task);
  const step = state.step + 1;
  const updated = await engine.update({
    ...state,
    optimizer: { optimizer: 'adamw', beta1: 0.9, beta2: 0.99 },
    gradient,
    learningRate: 1e-4,
    muonLearningRate: 0,
    weightDecay: 0,
    gradientClip: 1,
    step,
  });
  state = { ...updated, step };
}

/** The median of the last resident sizes: single ones jump with the garbage collector. */
function resident(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] as number;
}

test('200 rounds of generating and training leave no memory behind after the first 20', async () => {
  const sizes: number[] = [];
  for (let index = 0; index < 200; index++) {
    await round(index);
    collectGarbage();
    sizes.push(process.memoryUsage().rss);
  }
  const [early, late] = [resident(sizes.slice(20, 40)), resident(sizes.slice(-20))];
  assert.ok(late < 1.05 * early, `from ${(early / 2 ** 20).toFixed(0)} to ${(late / 2 ** 20).toFixed(0)} MiB`);
});
