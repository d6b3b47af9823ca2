import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import type { GrpoLossSettings } from '../../src/lm/loss.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import type { Engine } from '../../src/workers/engine.js';
import type { GradientResult, GrpoSequence, SharedWeights } from '../../src/workers/tasks.js';
import { engineFor, FAMILIES, nextTokenLogprobs, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';

const LENGTHS = [9, 5, 7, 2] as const;
const SETTINGS: GrpoLossSettings = { kl: 0.3, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' };
const KEPT = { recompute: false };
const NO_KL: GrpoLossSettings = { ...SETTINGS, kl: 0 };

/** Sequences of different lengths, the completion from about the middle on. */
function sequences(seed: number): { readonly tokens: number[]; readonly start: number }[] {
  const random = new Random(stream(seed, 'sequences'));
  return LENGTHS.map((length) => ({
    tokens: randomTokens(random, length, QWEN3.vocabularySize),
    start: Math.max(1, Math.floor(length / 2)),
  }));
}

/** A supervised batch with a weight of its own for each target. */
function supervisedBatch(seed: number) {
  const random = new Random(stream(seed, 'target weights'));
  const tokens = sequences(seed).map((sequence) => sequence.tokens);
  return {
    sequences: tokens,
    weights: tokens.map((row) => Float32Array.from({ length: row.length - 1 }, () => random.next())),
  };
}

/** Weights a little away from others: a reference whose KL is not zero. */
const nearby = (flat: Float32Array): SharedWeights => shareWeights(flat.map((x, i) => x * (1 + 0.1 * Math.sin(i))));

/** Sequences whose ratios to the behaviour policy are those given, in turn. */
async function grpoBatch(engine: Engine, weights: SharedWeights, ratios: readonly number[]): Promise<GrpoSequence[]> {
  const drawn = sequences(1);
  const scored = await engine.score({ weights, sequences: drawn });
  return drawn.map((sequence, i) => {
    const logprobs = scored[i] as number[];
    return {
      ...sequence,
      advantage: [1.2, -0.8, -1.1, 0.7][i] as number,
      weight: [0.3, 0.2, 0.25, 0.4][i] as number,
      behaviourLogprobs: logprobs.map((logprob, t) => logprob - Math.log(ratios[(i + t) % ratios.length] as number)),
    };
  });
}

/** Holds a gradient against central differences of the loss, at some elements of every parameter. */
async function checkAgainstDifferences(
  config: DecoderConfig,
  flat: Float32Array,
  run: (weights: SharedWeights) => Promise<GradientResult>,
): Promise<void> {
  const { gradient } = await run(shareWeights(flat));
  const random = new Random(stream(11, 'elements'));
  const step = 4e-3; // float32: the loss is known to about 1e-6, so differences to about 2e-4
  const lossAt = async (index: number, change: number): Promise<number> => {
    const moved = flat.slice();
    moved[index] = (flat[index] as number) + change;
    return (await run(shareWeights(moved))).loss;
  };
  for (const { name, offset, size } of parameterLayout(config).parameters) {
    for (let draw = 0; draw < 3; draw++) {
      const index = offset + random.integer(0, size);
      const numeric = ((await lossAt(index, step)) - (await lossAt(index, -step))) / (2 * step);
      const exact = gradient[index] as number;
      assert.ok(
        Math.abs(numeric - exact) < 2e-3 + 1e-2 * Math.abs(numeric),
        `${name}[${index - offset}]: ${exact}, but by differences ${numeric}`,
      );
    }
  }
}

/** Largest difference of two arrays, beside the largest element of the first. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  let [difference, largest] = [0, 0];
  a.forEach((x, i) => {
    difference = Math.max(difference, Math.abs(x - (b[i] as number)));
    largest = Math.max(largest, Math.abs(x));
  });
  assert.ok(largest > 0, 'the gradient is not zero');
  return difference / largest;
}

for (const [family, config] of FAMILIES) {
  const engine = engineFor(config);
  const flat = sharpWeights(config, 12);

  test(`${family}: the gradient of the cross-entropy is its slope`, async () => {
    await checkAgainstDifferences(config, flat, (weights) =>
      engine.supervised({ weights, batches: [supervisedBatch(1)], train: KEPT }),
    );
  });

  for (const ratio of ['token', 'sequence'] as const) {
    test(`${family}: the gradient of the GRPO loss is its slope, with ratios of the ${ratio}`, async () => {
      // Ratios far from the clips' borders 0.8 and 1.28, where the loss has a corner; some are beyond them.
      const batch = await grpoBatch(engine, shareWeights(flat), [0.6, 1.05, 1.6]);
      const settings = { ...SETTINGS, ratio };
      const reference = nearby(flat);
      await checkAgainstDifferences(config, flat, (weights) =>
        engine.grpo({ weights, reference, batches: [batch], settings, train: KEPT }),
      );
    });
  }
}

for (const [family, config] of FAMILIES) {
  test(`${family}: layers computed again give the gradient of layers kept`, async () => {
    const engine = engineFor(config);
    const flat = sharpWeights(config, 12);
    const weights = shareWeights(flat);
    const batch = await grpoBatch(engine, weights, [0.6, 1.05, 1.6]);
    const task = { weights, reference: nearby(flat), batches: [batch], settings: SETTINGS };
    const kept = await engine.grpo({ ...task, train: KEPT });
    const recomputed = await engine.grpo({ ...task, train: { recompute: true } });
    assert.ok(relativeDifference(kept.gradient, recomputed.gradient) < 1e-5);
    assert.ok(Math.abs(kept.loss - recomputed.loss) < 1e-6);
    const supervised = { weights, batches: [supervisedBatch(2)] };
    const [whole, again] = [
      await engine.supervised({ ...supervised, train: KEPT }),
      await engine.supervised({ ...supervised, train: { recompute: true } }),
    ];
    assert.ok(relativeDifference(whole.gradient, again.gradient) < 1e-5);
  });
}

const engine = engineFor(QWEN3);
const weights = shareWeights(sharpWeights(QWEN3, 13));
const reference = nearby(sharpWeights(QWEN3, 13));

test('micro-batches add up to the whole batch', async () => {
  const batch = supervisedBatch(2);
  const parts = [[0], [1, 3], [2]].map((rows) => ({
    sequences: rows.map((row) => batch.sequences[row] as number[]),
    weights: rows.map((row) => batch.weights[row] as Float32Array),
  }));
  const whole = await engine.supervised({ weights, batches: [batch], train: KEPT });
  const split = await engine.supervised({ weights, batches: parts, train: KEPT });
  assert.ok(relativeDifference(whole.gradient, split.gradient) < 1e-5);
  assert.ok(Math.abs(whole.loss - split.loss) < 1e-5 * whole.loss);
});

test('micro-batches of a GRPO loss add up to the whole batch, reports included', async () => {
  const batch = await grpoBatch(engine, weights, [0.6, 1.05, 1.6]);
  const whole = await engine.grpo({ weights, reference, batches: [batch], settings: SETTINGS, train: KEPT });
  const split = await engine.grpo({
    weights,
    reference,
    batches: batch.map((sequence) => [sequence]),
    settings: SETTINGS,
    train: KEPT,
  });
  assert.ok(relativeDifference(whole.gradient, split.gradient) < 1e-5);
  assert.equal(whole.clippedSum, split.clippedSum);
  for (const name of ['loss', 'klSum', 'entropySum', 'driftSum', 'driftMax'] as const)
    assert.ok(Math.abs(whole[name] - split[name]) < 1e-5 * Math.abs(whole[name]) + 1e-6, name);
});

test('what stands in the padding does not change the gradient', async () => {
  const batch = supervisedBatch(3);
  const short = { sequences: [batch.sequences[3] as number[]], weights: [batch.weights[3] as Float32Array] };
  // Beside a long sequence of weight 0 the short one is padded to its length.
  const padded = {
    sequences: [...short.sequences, batch.sequences[0] as number[]],
    weights: [...short.weights, new Float32Array(LENGTHS[0] - 1)],
  };
  const alone = await engine.supervised({ weights, batches: [short], train: KEPT });
  const beside = await engine.supervised({ weights, batches: [padded], train: KEPT });
  assert.ok(relativeDifference(alone.gradient, beside.gradient) < 1e-5);
});

for (const ratio of ['token', 'sequence'] as const) {
  test(`on-policy and without KL, GRPO is cross-entropy weighted by the advantage (${ratio} ratio)`, async () => {
    const batch = await grpoBatch(engine, weights, [1]);
    const grpo = await engine.grpo({
      weights,
      reference,
      batches: [batch],
      settings: { ...NO_KL, ratio },
      train: KEPT,
    });
    const supervised = await engine.supervised({
      weights,
      train: KEPT,
      batches: [
        {
          sequences: batch.map(({ tokens }) => [...tokens]),
          weights: batch.map(({ tokens, start, weight, advantage }) =>
            Float32Array.from({ length: tokens.length - 1 }, (_, t) => (t >= start - 1 ? weight * advantage : 0)),
          ),
        },
      ],
    });
    assert.ok(relativeDifference(supervised.gradient, grpo.gradient) < 1e-5);
  });
}

test('the GRPO loss, its KL and clipped tokens are those computed by hand', async () => {
  const batch = await grpoBatch(engine, weights, [0.6, 1.05, 1.6]);
  const scored = await engine.score({ weights, sequences: batch });
  const referenceScored = await engine.score({ weights: reference, sequences: batch });
  const expected = { loss: 0, klSum: 0, clippedSum: 0, driftSum: 0, driftMax: 0 };
  batch.forEach((sequence, i) => {
    sequence.behaviourLogprobs.forEach((behaviour, t) => {
      const logprob = scored[i]?.[t] as number;
      const ratio = Math.exp(logprob - behaviour);
      const clipped = Math.min(Math.max(ratio, 0.8), 1.28);
      const delta = (referenceScored[i]?.[t] as number) - logprob;
      const kl = Math.exp(delta) - delta - 1;
      const objective = Math.min(ratio * sequence.advantage, clipped * sequence.advantage);
      expected.loss += sequence.weight * (0.3 * kl - objective);
      expected.klSum += kl;
      expected.clippedSum += clipped * sequence.advantage < ratio * sequence.advantage ? 1 : 0;
      expected.driftSum += Math.abs(logprob - behaviour);
      expected.driftMax = Math.max(expected.driftMax, Math.abs(logprob - behaviour));
    });
  });
  const report = await engine.grpo({ weights, reference, batches: [batch], settings: SETTINGS, train: KEPT });
  assert.ok(expected.clippedSum > 0, 'some tokens are clipped');
  assert.equal(report.clippedSum, expected.clippedSum);
  for (const name of ['loss', 'klSum', 'driftSum', 'driftMax'] as const)
    assert.ok(Math.abs(report[name] - expected[name]) < 1e-4, `${name}: ${report[name]}, by hand ${expected[name]}`);
});

test('a sequence ratio is the geometric mean of its tokens', async () => {
  const [sequence] = await grpoBatch(engine, weights, [0.6, 1.05, 1.6]);
  assert.ok(sequence !== undefined);
  // Tokens 4 to 8 in turn have the ratios 0.6, 1.05, 1.6, 0.6, 1.05: the mean is 0.916, inside the clips.
  const ratio = (0.6 ** 2 * 1.05 ** 2 * 1.6) ** (1 / 5);
  const settings = { ...NO_KL, ratio: 'sequence' } as const;
  const { loss, clippedSum } = await engine.grpo({ weights, reference, batches: [[sequence]], settings, train: KEPT });
  assert.ok(Math.abs(loss - -5 * 0.3 * 1.2 * ratio) < 1e-4); // five tokens of weight 0.3, advantage 1.2
  assert.equal(clippedSum, 0);
});

test('a token whose clip is active passes no gradient', async () => {
  const batch = await grpoBatch(engine, weights, [1.6]);
  const raised = batch.filter(({ advantage }) => advantage > 0); // 1.6 > 1.28 and the advantage asks for more
  const { gradient } = await engine.grpo({ weights, reference, batches: [raised], settings: NO_KL, train: KEPT });
  assert.ok(gradient.every((x) => x === 0));
});

test('entropy is that of the whole distribution at each completion token', async () => {
  const batch = await grpoBatch(engine, weights, [1]);
  let expected = 0;
  for (const { tokens, start } of batch) {
    for (let t = start; t < tokens.length; t++) {
      const logprobs = await nextTokenLogprobs(engine, weights, tokens.slice(0, t), QWEN3.vocabularySize);
      expected -= logprobs.reduce((sum, logprob) => sum + Math.exp(logprob) * logprob, 0);
    }
  }
  const { entropySum } = await engine.grpo({ weights, reference, batches: [batch], settings: NO_KL, train: KEPT });
  assert.ok(Math.abs(entropySum - expected) < 1e-3, `${entropySum}, by hand ${expected}`);
});
