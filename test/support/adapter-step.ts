import type { DecoderConfig } from '../../src/lm/architecture.js';
import { initialAdapters } from '../../src/lm/lora.js';
import { shareWeights } from '../../src/policies/state.js';
import type { AdaptedWeights, GrpoTask } from '../../src/workers/tasks.js';

/** A GRPO step of adapters on three sequences of three answer tokens each, recomputing activations; the reference is the base. */
export function adapterStep(
  config: DecoderConfig,
  weights: AdaptedWeights,
  sequences: readonly { readonly tokens: readonly number[]; readonly start: number }[],
): GrpoTask {
  return {
    weights,
    reference: { ...weights, adapters: shareWeights(initialAdapters(config, weights.lora, 1)) },
    batches: [
      sequences.map((sequence, i) => ({
        ...sequence,
        advantage: i - 1,
        weight: 0.1,
        behaviourLogprobs: [-3, -2.9, -2.8],
      })),
    ],
    settings: { kl: 0.1, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' },
    train: { recompute: true },
  };
}
