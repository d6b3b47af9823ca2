/**
 * What another engine sampled, trained on here. Its distribution is a little away from ours, by precision and by kernels, so
 * the expectation that the gradient estimates is over the wrong distribution; weights set it right.
 */

/**
 * Truncated importance weight of each token: min(π(token) / μ(token), cap), with π our policy before the update and μ what
 * sampled it. The cap bounds the variance at the price of a bias. Length of `ours` and `theirs`, natural log-probabilities
 * both. Yao et al. 2025, "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training", with the cap 2; Ionides 2008.
 */
export function importanceWeights(ours: readonly number[], theirs: readonly number[], cap: number): readonly number[] {
  return ours.map((logprob, t) => Math.min(Math.exp(logprob - (theirs[t] as number)), cap));
}

/** How far two engines are apart on the tokens of some rollouts: mean and largest |difference| of their log-probabilities. */
export interface LogprobDrift {
  readonly mean: number;
  readonly max: number;
}

/** The drift over all tokens of `pairs`; null where there are none to compare. */
export function logprobDrift(
  pairs: readonly { readonly ours: readonly number[]; readonly theirs: readonly number[] }[],
): LogprobDrift | null {
  let [sum, max, count] = [0, 0, 0];
  for (const { ours, theirs } of pairs) {
    ours.forEach((logprob, t) => {
      const difference = Math.abs(logprob - (theirs[t] as number));
      sum += difference;
      max = Math.max(max, difference);
      count++;
    });
  }
  return count === 0 ? null : { mean: sum / count, max };
}
