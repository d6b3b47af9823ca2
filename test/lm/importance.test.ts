import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrpoLossSettings } from '../../src/lm/loss.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import type { GrpoResult, GrpoSequence, SharedWeights } from '../../src/workers/tasks.js';
import { engineFor, QWEN3, sharpWeights } from '../support/small-models.js';

/** The weights of tokens that another engine sampled, in the GRPO graph. */

const SETTINGS: GrpoLossSettings = { kl: 0.3, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' };
const engine = engineFor(QWEN3);
const flat = sharpWeights(QWEN3, 13);
const weights = shareWeights(flat);
const reference = shareWeights(flat.map((x, i) => x * (1 + 0.1 * Math.sin(i))));

const SEQUENCES = [
  { tokens: [3, 1, 4, 1, 5, 9], start: 2, advantage: 1.2, weight: 0.3 },
  { tokens: [2, 7, 1, 8], start: 1, advantage: -0.8, weight: 0.2 },
] as const;
const IMPORTANCE = [
  [0.5, 2, 1.25, 0.1],
  [1.5, 0, 0.75],
] as const;
/** Ratios to the behaviour policy, far from the clips' corners 0.8 and 1.28; the outer two are beyond them. */
const RATIOS = [0.6, 1.05, 1.6];

const scored = await engine.score({ weights, sequences: SEQUENCES });
const plain: GrpoSequence[] = SEQUENCES.map((sequence, i) => ({
  ...sequence,
  behaviourLogprobs: (scored[i] as number[]).map((logprob, t) => logprob - Math.log(RATIOS[(i + t) % 3] as number)),
}));
const weighed = plain.map((sequence, i) => ({ ...sequence, importance: IMPORTANCE[i] as readonly number[] }));

const run = (policy: SharedWeights, batch: readonly GrpoSequence[], settings = SETTINGS): Promise<GrpoResult> =>
  engine.grpo({ weights: policy, reference, batches: [batch], settings, train: { recompute: false } });

test('each token has its objective multiplied by its weight, and its KL left alone', async () => {
  const referenceScored = await engine.score({ weights: reference, sequences: SEQUENCES });
  let [loss, klSum] = [0, 0];
  SEQUENCES.forEach(({ advantage, weight }, i) => {
    scored[i]?.forEach((logprob, t) => {
      const ratio = RATIOS[(i + t) % 3] as number;
      const clipped = Math.min(Math.max(ratio, 0.8), 1.28);
      const objective = Math.min(ratio * advantage, clipped * advantage) * (IMPORTANCE[i]?.[t] as number);
      const delta = (referenceScored[i]?.[t] as number) - logprob;
      const kl = Math.exp(delta) - delta - 1;
      loss += weight * (0.3 * kl - objective);
      klSum += kl;
    });
  });
  const report = await run(weights, weighed);
  assert.ok(Math.abs(report.loss - loss) < 1e-4, `${report.loss}, by hand ${loss}`);
  assert.ok(Math.abs(report.klSum - klSum) < 1e-4);
  assert.equal(report.clippedSum, (await run(weights, plain)).clippedSum);
});

for (const ratio of ['token', 'sequence'] as const) {
  test(`the gradient of a weighed GRPO loss is its slope, with ratios of the ${ratio}`, async () => {
    const settings = { ...SETTINGS, ratio };
    const { gradient } = await run(weights, weighed, settings);
    const random = new Random(stream(11, 'elements'));
    const step = 4e-3; // float32: the loss is known to about 1e-6, so differences to about 2e-4
    const lossAt = async (index: number, change: number): Promise<number> => {
      const moved = flat.slice();
      moved[index] = (flat[index] as number) + change;
      return (await run(shareWeights(moved), weighed, settings)).loss;
    };
    for (const { name, offset, size } of parameterLayout(QWEN3).parameters) {
      for (let draw = 0; draw < 2; draw++) {
        const index = offset + random.integer(0, size);
        const numeric = ((await lossAt(index, step)) - (await lossAt(index, -step))) / (2 * step);
        const exact = gradient[index] as number;
        assert.ok(Math.abs(numeric - exact) < 2e-3 + 1e-2 * Math.abs(numeric), `${name}: ${exact}, slope ${numeric}`);
      }
    }
  });
}

test('a weight of one everywhere is no weight, bit for bit', async () => {
  const ones = plain.map((sequence) => ({ ...sequence, importance: sequence.behaviourLogprobs.map(() => 1) }));
  assert.deepEqual(await run(weights, ones), await run(weights, plain));
});

test('a token of weight zero still pulls towards the reference', async () => {
  const none = plain.map((sequence) => ({ ...sequence, importance: sequence.behaviourLogprobs.map(() => 0) }));
  const { loss, klSum, gradient } = await run(weights, none);
  assert.ok(klSum > 0 && loss > 0 && gradient.some((x) => x !== 0));
  const free = await run(weights, none, { ...SETTINGS, kl: 0 });
  assert.equal(free.loss, 0);
  assert.ok(free.gradient.every((x) => x === 0));
});
