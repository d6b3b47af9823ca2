import type { Value } from '../graph/node.js';
import {
  abs,
  cast,
  constant,
  div,
  exp,
  input,
  less,
  max,
  min,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reshape,
  sub,
  sumAll,
} from '../graph/ops.js';
import type { TokenScores } from './token-scores.js';

/** Losses as graphs over the scores of targets. The input `weights` [B, T] weighs each position: 0 leaves it out, and the
 *  average's divisor is in it. */

/** Weighted cross-entropy: −Σ weight · log p(target). */
export function supervisedLoss({ logprobs }: TokenScores): { readonly loss: Value } {
  return { loss: neg(sumAll(mul(input('weights', ['B', 'T']), logprobs))) };
}

/** What a GRPO loss is, beyond its numbers. */
export interface GrpoLossSettings {
  /** Weight of the KL to the reference. */
  readonly kl: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly ratio: 'token' | 'sequence';
}

/** What a GRPO graph gives beside its loss; sums over positions, to be divided by their number. */
export type GrpoOutputs = Readonly<
  Record<'loss' | 'klSum' | 'clippedSum' | 'entropySum' | 'driftSum' | 'driftMax', Value>
>;

/**
 * Group-relative policy optimisation (Shao et al. 2024, DeepSeekMath, equation 3), with separate clips below and above
 * (DAPO, Yu et al. 2025), the ratio of each token or of the sequence (GSPO, Zheng et al. 2025), and the low-variance
 * KL estimator exp(Δ) − Δ − 1 with Δ = reference − policy (Schulman 2020). Tokens that another engine sampled have their
 * objective, and not their KL, multiplied by an importance weight (truncated importance sampling, Yao et al. 2025).
 *
 * Inputs: weights [B, T] as above; mask [B, T] 1 at completion tokens; advantages, lengths [B, 1];
 * behaviourLogprobs [B, T] of the policy before its update; importance [B, T], 1 where nothing is to be corrected;
 * referenceLogprobs [B, T].
 */
export function grpoLoss({ logprobs, entropy }: TokenScores, settings: GrpoLossSettings): GrpoOutputs {
  const weights = input('weights', ['B', 'T']);
  const mask = input('mask', ['B', 'T']);
  const advantages = input('advantages', ['B', 1]);
  const lengths = input('lengths', ['B', 1]);
  const behaviour = input('behaviourLogprobs', ['B', 'T']);
  const importance = input('importance', ['B', 'T']);
  const reference = input('referenceLogprobs', ['B', 'T']);

  const logRatio = mul(sub(logprobs, behaviour), mask); // [B, T]
  const ratio = exp(settings.ratio === 'token' ? logRatio : sequenceLogRatio(logRatio, lengths, mask)); // [B, T]
  const [low, high] = [constant(1 - settings.clipLow), constant(1 + settings.clipHigh)];
  const plain = mul(ratio, advantages); // [B, T]
  const clipped = mul(min(max(ratio, low), high), advantages); // [B, T]
  const objective = mul(min(plain, clipped), importance); // [B, T]

  const towards = mul(sub(reference, logprobs), mask); // Δ [B, T]
  const kl = sub(sub(exp(towards), towards), constant(1)); // [B, T]
  const loss = sumAll(mul(weights, sub(mul(kl, constant(settings.kl)), objective)));

  const drift = abs(logRatio); // the policy has not moved yet when this is the first update of a batch
  return {
    loss,
    klSum: sumAll(mul(kl, mask)),
    clippedSum: sumAll(mul(cast(less(clipped, plain), 'float32'), mask)),
    entropySum: sumAll(mul(entropy, mask)),
    driftSum: sumAll(drift),
    driftMax: reshape(reduceMax(drift, [0, 1]), []),
  };
}

/** The mean log-ratio of a sequence at each of its tokens, its gradient that of the sequence (GSPO-token). */
function sequenceLogRatio(logRatio: Value, lengths: Value, mask: Value): Value {
  return mul(div(reduceSum(logRatio, [1]), lengths), mask); // [B, 1] spread over [B, T]
}
