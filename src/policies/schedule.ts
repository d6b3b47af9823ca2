/** How a learning rate rises and falls over a training. */
export interface Schedule {
  readonly warmupSteps: number;
  /** The rate falls linearly over this last share of the steps, to `floor` of it. */
  readonly decayShare: number;
  readonly floor: number;
}

/** The share of the learning rate at a step, from 0: warm-up, plateau, linear decay. */
export function learningRateShare(step: number, steps: number, { warmupSteps, decayShare, floor }: Schedule): number {
  return Math.min(1, (step + 1) / warmupSteps, Math.max(floor, (1 - step / steps) / decayShare));
}
