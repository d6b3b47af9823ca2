import type { Value } from '../graph/node.js';
import {
  abs,
  cast,
  constant,
  div,
  exp,
  gatherElements,
  input,
  less,
  max,
  min,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reshape,
  softmax,
  stopGradient,
  sub,
  sumAll,
  tokenLogprob,
} from '../graph/ops.js';

/** Losses as graphs over logits [B, T, V]. A weight of 0 leaves a position out; weights already hold the average's divisor. */

/** Inputs that both losses read: targets [B, T] and weights [B, T]. */
export const lossInputs = () => ({
  targets: input('targets', ['B', 'T'], 'int64'),
  weights: input('weights', ['B', 'T']),
});

/** Weighted cross-entropy: −Σ weight · log p(target). */
export function supervisedLoss(logits: Value): { readonly loss: Value } {
  const { targets, weights } = lossInputs();
  return { loss: neg(sumAll(mul(weights, tokenLogprob(logits, targets)))) };
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
 * KL estimator exp(Δ) − Δ − 1 with Δ = reference − policy (Schulman 2020).
 *
 * Inputs: targets, weights [B, T] as above; mask [B, T] 1 at completion tokens; advantages, lengths [B, 1];
 * behaviourLogprobs [B, T] as the decoder recorded them; referenceLogprobs [B, T].
 */
export function grpoLoss(logits: Value, settings: GrpoLossSettings): GrpoOutputs {
  const { targets, weights } = lossInputs();
  const mask = input('mask', ['B', 'T']);
  const advantages = input('advantages', ['B', 1]);
  const lengths = input('lengths', ['B', 1]);
  const behaviour = input('behaviourLogprobs', ['B', 'T']);
  const reference = input('referenceLogprobs', ['B', 'T']);

  const logprobs = tokenLogprob(logits, targets); // [B, T]
  const logRatio = mul(sub(logprobs, behaviour), mask); // [B, T]
  const ratio = exp(settings.ratio === 'token' ? logRatio : sequenceLogRatio(logRatio, lengths, mask)); // [B, T]
  const [low, high] = [constant(1 - settings.clipLow), constant(1 + settings.clipHigh)];
  const plain = mul(ratio, advantages); // [B, T]
  const clipped = mul(min(max(ratio, low), high), advantages); // [B, T]
  const objective = min(plain, clipped); // [B, T]

  const towards = mul(sub(reference, logprobs), mask); // Δ [B, T]
  const kl = sub(sub(exp(towards), towards), constant(1)); // [B, T]
  const loss = sumAll(mul(weights, sub(mul(kl, constant(settings.kl)), objective)));

  const drift = abs(logRatio); // the policy has not moved yet when this is the first update of a batch
  return {
    loss,
    klSum: sumAll(mul(kl, mask)),
    clippedSum: sumAll(mul(cast(less(clipped, plain), 'float32'), mask)),
    entropySum: sumAll(mul(entropy(logits, targets, logprobs), mask)),
    driftSum: sumAll(drift),
    driftMax: reshape(reduceMax(drift, [0, 1]), []),
  };
}

/** The mean log-ratio of a sequence at each of its tokens, its gradient that of the sequence (GSPO-token). */
function sequenceLogRatio(logRatio: Value, lengths: Value, mask: Value): Value {
  return mul(div(reduceSum(logRatio, [1]), lengths), mask); // [B, 1] spread over [B, T]
}

/** Entropy in nats: log Σ exp(z) − Σ p·z, with the first read off a target's logit and log-probability. [B, T] */
function entropy(logits: Value, targets: Value, logprobs: Value): Value {
  const z = stopGradient(logits);
  const column = reshape(targets, ['B', 'T', 1]);
  const targetLogit = reshape(gatherElements(z, column), ['B', 'T']);
  const expected = reshape(reduceSum(mul(softmax(z), z), [-1]), ['B', 'T']);
  return sub(sub(targetLogit, logprobs), expected);
}
