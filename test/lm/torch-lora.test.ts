import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { openCheckpoint } from '../../src/lm/checkpoint.js';
import { loraLayout } from '../../src/lm/lora.js';
import { shareWeights } from '../../src/policies/state.js';
import type { FrozenWeights } from '../../src/workers/tasks.js';
import type { FloatType } from '../support/half-precision.js';
import { type ModelTensors, storedTensors, writeCheckpointFiles } from '../support/raw-checkpoint.js';
import { engineFor } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';
import {
  assertGradient,
  assertGrpoSums,
  flatGradients,
  flatTensors,
  loraFixture,
  modelFixture,
} from '../support/torch-fixtures.js';

const train = { recompute: false };

/** A model whose weights stay in two files. */
function frozen(t: TestContext, config: DecoderConfig, tensors: ModelTensors, type: FloatType): FrozenWeights {
  const folder = join(temporaryFolder(t), 'model');
  writeCheckpointFiles(folder, config, tensors, { type, shardCount: 2 });
  const { folder: home, places } = openCheckpoint(folder);
  return { folder: home, places };
}

/** Adapters that learn beside weights that stay in their files, against PyTorch's. */
for (const name of ['qwen3', 'llama3'] as const) {
  const [model, fixture] = [modelFixture(name), loraFixture(name)];
  const { config, parameters } = model;
  const { lora, batch } = fixture;
  const layout = loraLayout(config, lora);
  const adapters = shareWeights(flatTensors(fixture.adapters, layout));
  const none = shareWeights(new Float32Array(layout.size));
  const supervised = { sequences: model.sequences, weights: model.weights.map((row) => Float32Array.from(row)) };
  const expected = (gradients: (typeof fixture.supervised)['gradients']): Float32Array =>
    flatGradients(gradients, fixture.adapters, layout);

  test(`${name}: the loss of adapters over stored weights and their gradient are those of PyTorch`, async (t) => {
    const weights = { base: frozen(t, config, parameters, 'F32'), lora, adapters };
    const { loss, gradient } = await engineFor(config).supervised({ weights, batches: [supervised], train });
    assert.ok(Math.abs(loss - fixture.supervised.loss) < 1e-5 * loss, `${loss}, PyTorch ${fixture.supervised.loss}`);
    assertGradient(gradient, expected(fixture.supervised.gradients), layout);
  });

  for (const { settings, ...sums } of fixture.grpo) {
    for (const recompute of [false, true]) {
      test(`${name}: the GRPO loss of adapters with ratios of the ${settings.ratio}, its reports and its gradient are those of PyTorch, with layers ${recompute ? 'computed again' : 'kept'}`, async (t) => {
        const base = frozen(t, config, parameters, 'F32');
        const found = await engineFor(config).grpo({
          weights: { base, lora, adapters },
          reference: { base, lora, adapters: none },
          batches: [batch],
          settings,
          train: { recompute },
        });
        assertGrpoSums(found, { settings, ...sums });
        assertGradient(found.gradient, expected(sums.gradients), layout);
      });
    }
  }

  for (const type of ['F16', 'BF16'] as const) {
    test(`${name}: adapters over ${type} weights have the gradient of the same weights in F32`, async (t) => {
      const over = (base: FrozenWeights) =>
        engineFor(config).supervised({ weights: { base, lora, adapters }, batches: [supervised], train });
      const stored = await over(frozen(t, config, parameters, type));
      const wide = await over(frozen(t, config, storedTensors(type, parameters), 'F32'));
      assert.ok(Math.abs(stored.loss - wide.loss) < 1e-5 * wide.loss);
      assert.ok(Math.abs(stored.loss - fixture.supervised.loss) > 2e-4, 'rounding shows');
      assertGradient(stored.gradient, wide.gradient, layout);
    });
  }
}
