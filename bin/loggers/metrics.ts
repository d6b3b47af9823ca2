import type { GrpoConfig } from '../../src/config.js';
import type { PhaseWork } from '../../storage/phases.js';
import type { StepDetails } from '../../storage/steps.js';
import type { BenchmarkScoreRow, IterationSummaryRow } from '../../storage/views.js';
import { averages } from '../terminal/tables.js';

/**
 * Rows as metrics. A name is TRL's or verl's where they measure the same, with the role before it; docs/logging.md has the
 * table. What was not measured is left out.
 */

export type Scalars = Readonly<Record<string, number>>;

/** A training step, named as TRL's GRPOTrainer names it. `groupCount` groups had rewards of their own. */
export function stepMetrics(step: StepDetails, settings: GrpoConfig, groupCount: number): Scalars {
  return measured({
    [`${step.role}/loss`]: step.loss,
    [`${step.role}/reward`]: step.reward_mean,
    [`${step.role}/reward_std`]: step.reward_std,
    [`${step.role}/frac_reward_zero_std`]: step.zero_variance_groups / groupCount,
    [`${step.role}/kl`]: step.kl,
    [`${step.role}/entropy`]: step.entropy,
    [`${step.role}/clip_ratio/region_mean`]: step.clip_fraction,
    [`${step.role}/grad_norm`]: step.grad_norm,
    [`${step.role}/learning_rate`]: settings.lr,
    [`${step.role}/sampling/sampling_logp_difference/mean`]: step.logprob_drift_mean,
    [`${step.role}/sampling/sampling_logp_difference/max`]: step.logprob_drift_max,
    [`${step.role}/tokens`]: step.tokens,
    [`${step.role}/timing_s/update`]: step.seconds,
  });
}

/** Scores of one iteration, named as verl names validation: shares from 0 to 1, and their standard errors. */
export function evaluationMetrics(scores: readonly BenchmarkScoreRow[]): Scalars {
  const means = averages(scores).map((mean) => ({ ...mean, benchmark: `${mean.domain}-average` }));
  return measured(
    Object.fromEntries(
      [...means, ...scores].flatMap(({ benchmark, metric, score, stderr }) => {
        const name = metric === 'greedy' || metric.startsWith('mean@') ? `acc/${metric}` : metric.replaceAll(' ', '_');
        const core = name.startsWith('acc/') ? 'val-core' : 'val-aux';
        return [
          [`${core}/${benchmark}/${name}`, score / 100],
          [`val-aux/${benchmark}/${name}/stderr`, stderr === null ? null : stderr / 100],
        ];
      }),
    ),
  );
}

/** A curriculum that was written, answered and voted on. */
export function curriculumMetrics(
  summary: IterationSummaryRow,
  lengths: { readonly meanTokens: number | null; readonly cutShare: number | null },
): Scalars {
  return measured({
    'curriculum/questions': summary.questions,
    'curriculum/valid': summary.valid,
    'curriculum/kept': summary.kept,
    'curriculum/vote_share/mean': summary.mean_vote_share,
    'curriculum/label_accuracy': summary.label_accuracy,
    'curriculum/completions/mean_length': lengths.meanTokens,
    'curriculum/completions/clipped_ratio': lengths.cutShare,
  });
}

/** What an iteration took: seconds of each phase, which overlap, and the tokens sampled. */
export function iterationMetrics(summary: IterationSummaryRow, phases: readonly PhaseWork[]): Scalars {
  return measured({
    'iteration/tokens': summary.tokens,
    ...Object.fromEntries(
      phases.map(({ phase, seconds }) => [`timing_s/${phase.toLowerCase().replaceAll(' ', '_')}`, seconds]),
    ),
  });
}

function measured(values: Readonly<Record<string, number | null>>): Scalars {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== null));
}
