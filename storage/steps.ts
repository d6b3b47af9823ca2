import type { StepReport } from '../src/rl/rollout.js';
import type { Reader, Writer } from './connection.js';
import type { TrainingStepRow } from './views.js';

export type Role = 'challenger' | 'solver';

/** What one update of the weights reports, as `StepReport` of the trainer does. */
export type StepUpdate = Omit<StepReport, 'tokens'>;

/** One training step of a role. */
export interface StepRecord {
  readonly runId: string;
  readonly iteration: number;
  readonly role: Role;
  readonly step: number;
  readonly rewardMean: number;
  readonly rewardStd: number;
  /** Groups with equal rewards, which teach nothing. */
  readonly zeroVarianceGroups: number;
  /** Tokens sampled and trained on. */
  readonly tokens: number;
  readonly seconds: number;
  /** Null where all groups had zero variance and the weights stayed as they were. */
  readonly update: StepUpdate | null;
}

const NO_UPDATE = {
  loss: null,
  kl: null,
  clipFraction: null,
  gradNorm: null,
  entropy: null,
  logprobDriftMean: null,
  logprobDriftMax: null,
} as const satisfies Record<keyof StepUpdate, null>;

/** Records a step; again, it replaces the earlier row. */
export function recordStep(db: Writer, record: StepRecord): void {
  const { update, ...step } = record;
  db.run(
    `INSERT OR REPLACE INTO steps (run_id, iteration, role, step, loss, reward_mean, reward_std, kl, clip_fraction,
       grad_norm, entropy, logprob_drift_mean, logprob_drift_max, zero_variance_groups, tokens, seconds)
     VALUES (@runId, @iteration, @role, @step, @loss, @rewardMean, @rewardStd, @kl, @clipFraction,
       @gradNorm, @entropy, @logprobDriftMean, @logprobDriftMax, @zeroVarianceGroups, @tokens, @seconds)`,
    { ...step, ...(update ?? NO_UPDATE) },
  );
}

/** The training steps of a run: by iteration, the Challenger's before the Solver's. */
export function trainingSteps(db: Reader, runId: string): readonly TrainingStepRow[] {
  return db.all('SELECT * FROM training_steps WHERE run_id = @runId ORDER BY iteration, role, step', { runId });
}

/** A training step with what the view leaves out. */
export interface StepDetails extends TrainingStepRow {
  readonly logprob_drift_mean: number | null;
  readonly logprob_drift_max: number | null;
  readonly zero_variance_groups: number;
}

/** One training step; undefined where there is none yet. */
export function stepDetails(
  db: Reader,
  key: { readonly runId: string; readonly iteration: number; readonly role: Role; readonly step: number },
): StepDetails | undefined {
  return db.get(
    `SELECT run_id, iteration, role, step, loss, reward_mean, reward_std, kl, clip_fraction, grad_norm, entropy,
       logprob_drift_mean, logprob_drift_max, zero_variance_groups, tokens, seconds
     FROM steps WHERE run_id = @runId AND iteration = @iteration AND role = @role AND step = @step`,
    key,
  );
}
