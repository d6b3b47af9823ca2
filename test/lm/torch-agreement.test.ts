import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parameterLayout } from '../../src/lm/parameters.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { engineFor, nextTokenLogprobs } from '../support/small-models.js';
import {
  assertGradient,
  assertGrpoSums,
  flatGradients,
  flatModel,
  flatTensors,
  grpoFixture,
  MODELS,
  modelFixture,
} from '../support/torch-fixtures.js';

const train = { recompute: false };

for (const name of MODELS) {
  const fixture = modelFixture(name);
  const { config } = fixture;
  const layout = parameterLayout(config);
  const engine = engineFor(config);
  const data = flatModel(fixture, layout, 'data');
  const batch = {
    sequences: fixture.sequences,
    weights: fixture.weights.map((row) => Float32Array.from(row)),
  };

  test(`${name}: log-probabilities of every token at every position are those of PyTorch`, async () => {
    const weights = shareWeights(data);
    for (const [s, sequence] of fixture.sequences.entries()) {
      for (let t = 1; t < sequence.length; t++) {
        const found = await nextTokenLogprobs(engine, weights, sequence.slice(0, t), config.vocabularySize);
        found.forEach((logprob, token) => {
          const expected = fixture.logprobs[s]?.[t - 1]?.[token] ?? Number.NaN;
          assert.ok(Math.abs(logprob - expected) < 2e-5, `sequence ${s}, position ${t}, token ${token}`);
        });
      }
    }
  });

  test(`${name}: the loss and the gradient of every weight are those of PyTorch`, async () => {
    const { loss, gradient } = await engine.supervised({ weights: shareWeights(data), batches: [batch], train });
    assert.ok(Math.abs(loss - fixture.loss) < 1e-5 * fixture.loss, `${loss}, PyTorch ${fixture.loss}`);
    assertGradient(gradient, flatModel(fixture, layout, 'gradient'), layout);
  });

  test(`${name}: ten losses in a row are those of PyTorch`, async () => {
    let state = freshState(data);
    for (const [i, expected] of fixture.trainingLosses.entries()) {
      const { loss, gradient } = await engine.supervised({
        weights: shareWeights(state.weights),
        batches: [batch],
        train,
      });
      assert.ok(Math.abs(loss - expected) < 1e-3, `before update ${i + 1}: ${loss}, PyTorch ${expected}`);
      const step = i + 1;
      const updated = await engine.update({
        ...state,
        gradient,
        step,
        optimizer: { optimizer: 'adamw', beta1: 0.9, beta2: 0.99 },
        learningRate: 0.02,
        muonLearningRate: 0,
        weightDecay: 0.1,
        gradientClip: 1,
      });
      state = { ...updated, step };
    }
  });
}

const qwen3 = modelFixture('qwen3');
const { reference, batch, grpo } = grpoFixture();
for (const expected of grpo) {
  const layout = parameterLayout(qwen3.config);
  const task = {
    weights: shareWeights(flatModel(qwen3, layout, 'data')),
    reference: shareWeights(flatTensors(reference, layout)),
    batches: [batch],
    settings: expected.settings,
  };
  for (const recompute of [false, true]) {
    test(`the GRPO loss with ratios of the ${expected.settings.ratio}, its reports and its gradient are those of PyTorch, with layers ${recompute ? 'computed again' : 'kept'}`, async () => {
      const found = await engineFor(qwen3.config).grpo({ ...task, train: { recompute } });
      assertGrpoSums(found, expected);
      assertGradient(found.gradient, flatGradients(expected.gradients, qwen3.parameters, layout), layout);
    });
  }
}

test('the fixture of Llama 3 needs its rotary scaling', async () => {
  const { config, sequences, logprobs, ...fixture } = modelFixture('llama3');
  const [tokens = []] = sequences;
  const weights = shareWeights(flatModel({ config, sequences, logprobs, ...fixture }, parameterLayout(config), 'data'));
  const [scored = []] = await engineFor({ ...config, ropeScaling: null }).score({
    weights,
    sequences: [{ tokens, start: 1 }],
  });
  const differences = scored.map((logprob, t) => Math.abs(logprob - (logprobs[0]?.[t]?.[tokens[t + 1] ?? 0] ?? 0)));
  assert.ok(Math.max(...differences) > 0.1, `${Math.max(...differences)}`);
});
