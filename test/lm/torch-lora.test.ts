import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adaptedProjections, adaptersOf, loraLayout, loraName, loraScale } from '../../src/lm/lora.js';
import { type Parameter, parameterLayout } from '../../src/lm/parameters.js';
import { shareWeights } from '../../src/policies/state.js';
import { engineFor } from '../support/small-models.js';
import {
  assertGradient,
  assertGrpoSums,
  flatGradients,
  flatModel,
  flatTensors,
  loraFixture,
  modelFixture,
} from '../support/torch-fixtures.js';

/**
 * Adapters as PyTorch computes them beside the frozen model, against adapters merged into it: W + scale · A·B, whose
 * gradient by the chain rule is scale · dW·Bᵀ for A and scale · Aᵀ·dW for B.
 */
for (const name of ['qwen3', 'llama3'] as const) {
  const [model, fixture] = [modelFixture(name), loraFixture(name)];
  const { config } = model;
  const { lora, batch } = fixture;
  const layout = parameterLayout(config);
  const adapterLayout = loraLayout(config, lora);
  const base = flatModel(model, layout, 'data');
  const projections = adaptedProjections(config, lora);
  const adapters = adaptersOf(config, lora, flatTensors(fixture.adapters, adapterLayout));
  const [scale, R] = [loraScale(lora), lora.rank];
  const expected = (gradients: (typeof fixture.supervised)['gradients']): Float32Array =>
    flatGradients(gradients, fixture.adapters, adapterLayout);

  /** What each element of each product A·B has to do with elements of A and B. */
  function eachTerm(visit: (weight: number, projection: Parameter, a: number, b: number) => void): void {
    for (const projection of projections) {
      const [rows, columns] = projection.shape as readonly [number, number];
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let r = 0; r < R; r++)
            visit(projection.offset + i * columns + j, projection, i * R + r, r * columns + j);
    }
  }

  function merged(): Float32Array {
    const flat = base.slice();
    eachTerm((weight, projection, a, b) => {
      const own = adapters.get(projection.name);
      flat[weight] = (flat[weight] as number) + scale * (own?.a[a] as number) * (own?.b[b] as number);
    });
    return flat;
  }

  function throughProducts(gradient: Float32Array): Float32Array {
    const flat = new Float32Array(adapterLayout.size);
    const offsets = new Map(adapterLayout.parameters.map((parameter) => [parameter.name, parameter.offset]));
    eachTerm((weight, projection, a, b) => {
      const own = adapters.get(projection.name);
      const add = (part: 'A' | 'B', at: number, x: number): void => {
        const index = (offsets.get(loraName(projection.name, part)) as number) + at;
        flat[index] = (flat[index] as number) + scale * x * (gradient[weight] as number);
      };
      add('A', a, own?.b[b] as number);
      add('B', b, own?.a[a] as number);
    });
    return flat;
  }

  const weights = shareWeights(merged());

  test(`${name}: the loss of merged adapters and their gradient are those of PyTorch`, async () => {
    const sequences = { sequences: model.sequences, weights: model.weights.map((row) => Float32Array.from(row)) };
    const { loss, gradient } = await engineFor(config).supervised({ weights, batches: [sequences] });
    assert.ok(Math.abs(loss - fixture.supervised.loss) < 1e-5 * loss, `${loss}, PyTorch ${fixture.supervised.loss}`);
    assertGradient(throughProducts(gradient), expected(fixture.supervised.gradients), adapterLayout);
  });

  for (const grpo of fixture.grpo) {
    test(`${name}: the GRPO loss of merged adapters with ratios of the ${grpo.settings.ratio} is that of PyTorch, the model without them the reference`, async () => {
      const found = await engineFor(config).grpo({
        weights,
        reference: shareWeights(base),
        batches: [batch],
        settings: grpo.settings,
        train: { recompute: false },
      });
      assertGrpoSums(found, grpo);
      assertGradient(throughProducts(found.gradient), expected(grpo.gradients), adapterLayout);
    });
  }
}
