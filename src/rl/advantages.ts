/** Keeps the division finite where rewards hardly differ; small beside any real spread of rewards. */
const EPSILON = 1e-4;

/**
 * Advantage of each rollout in its group: (reward − mean) / (std + 1e-4), with the population's standard deviation.
 * Without `standardise` the difference from the mean alone (Dr. GRPO, Liu et al. 2025: the division favours groups
 * that are nearly all right or all wrong). Length G in and out; all zero when rewards are equal, so the group teaches
 * nothing. Shao et al. 2024 (DeepSeekMath), section 4.1.2.
 */
export function groupAdvantages(rewards: readonly number[], standardise: boolean): readonly number[] {
  const first = rewards[0];
  if (rewards.every((reward) => reward === first)) return rewards.map(() => 0); // the mean of equal doubles may be off
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  if (!standardise) return rewards.map((reward) => reward - mean);
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / rewards.length;
  return rewards.map((reward) => (reward - mean) / (Math.sqrt(variance) + EPSILON));
}
