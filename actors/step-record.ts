import type { StepReport } from '../src/rl/rollout.js';
import type { Role, StepRecord } from '../storage/steps.js';

export function meanAndDeviation(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  if (values.length === 0) return { mean: 0, deviation: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/** Groups of equal size whose rewards are all equal. */
export function zeroVarianceCount(rewards: readonly number[], groupCount: number): number {
  const size = rewards.length / Math.max(1, groupCount);
  return Array.from({ length: groupCount }, (_, g) => rewards.slice(g * size, (g + 1) * size)).filter((group) =>
    group.every((reward) => reward === group[0]),
  ).length;
}

/** One training step as a row. */
export function stepRecord(step: {
  readonly runId: string;
  readonly iteration: number;
  readonly role: Role;
  readonly step: number;
  readonly rewards: readonly number[];
  readonly groupCount: number;
  readonly report: StepReport | null;
  readonly seconds: number;
}): StepRecord {
  const { rewards, groupCount, report, ...place } = step;
  const { mean, deviation } = meanAndDeviation(rewards);
  const zeroVarianceGroups = zeroVarianceCount(rewards, groupCount);
  if (report === null)
    return { ...place, rewardMean: mean, rewardStd: deviation, zeroVarianceGroups, tokens: 0, update: null };
  const { tokens, ...update } = report;
  return { ...place, rewardMean: mean, rewardStd: deviation, zeroVarianceGroups, tokens, update };
}
