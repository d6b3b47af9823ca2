import type { GrpoConfig } from '../config.js';
import type { SamplingSettings } from '../lm/batching.js';
import type { StreamKey } from '../random.js';
import type { Rollout, StepReport, Tokens, TrainExample } from '../rl/rollout.js';
import type { PolicyState } from './state.js';

/** All that actors know of a model whose weights change. */
export interface Policy {
  /** `samples` rollouts of each prompt, in order. What is drawn depends on `key`, the prompt's index and the sample's. */
  generate(
    prompts: readonly Tokens[],
    samples: number,
    sampling: SamplingSettings,
    key: StreamKey,
  ): Promise<Rollout[][]>;
  /** Log-probability of each completion token. */
  score(rollouts: readonly Pick<Rollout, 'prompt' | 'completion'>[]): Promise<number[][]>;
  /** Updates the weights from scored rollouts; null when no example carries a signal, and nothing was changed.
   *  @throws NumericalError when loss or gradient is not finite; the weights stay as they were. */
  update(examples: readonly TrainExample[], settings: GrpoConfig, reference: Policy): Promise<StepReport | null>;
  readonly state: PolicyState;
  /** A policy of the same weights that later updates of this one do not touch. */
  frozen(): Policy;
  /** Replaces the weights and moments. */
  restore(state: PolicyState): void;
}
