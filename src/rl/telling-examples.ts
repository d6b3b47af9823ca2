import type { TrainExample } from './rollout.js';

/** The examples that an update learns from. A rollout without an advantage pulls nowhere. It is left out whole, of the
 *  average's divisor and the KL too, as in the experiments that the settings come from; that also saves its forward and
 *  backward pass. Of rollouts that the token limit cut, none is left where they are masked. */
export function tellingExamples(examples: readonly TrainExample[], maskTruncated: boolean): readonly TrainExample[] {
  return examples.filter(
    ({ rollout, advantage }) => (rollout.finished || !maskTruncated) && Math.abs(advantage) > 1e-6,
  );
}
