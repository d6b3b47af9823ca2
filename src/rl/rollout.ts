/** Token ids of a text, as the tokenizer gave them or the policy sampled them. */
export type Tokens = readonly number[];

/** One sampled completion of a prompt. */
export interface Rollout {
  readonly prompt: Tokens;
  /** Sampled tokens, the stop token included when one ended the rollout. */
  readonly completion: Tokens;
  /** Natural log-probability of each completion token under the distribution it was sampled from. Length of `completion`;
   *  empty where a server sampled it and gave none. */
  readonly logprobs: readonly number[];
  /** False when the token limit cut it. */
  readonly finished: boolean;
}

/** The rollouts of one prompt with their rewards: GRPO's advantage is computed inside it. */
export interface ScoredGroup {
  readonly rollouts: readonly Rollout[];
  readonly rewards: readonly number[];
}

/** One rollout as the trainer takes it. */
export interface TrainExample {
  readonly rollout: Rollout;
  readonly advantage: number;
  /** Weight of each completion token's objective, where another engine than the policy's own sampled the rollout. */
  readonly importance?: readonly number[];
}

/** What one training step reports. */
export interface StepReport {
  readonly loss: number;
  readonly kl: number;
  /** Fraction of tokens whose ratio the clip held. */
  readonly clipFraction: number;
  /** Global norm of the gradient before clipping. */
  readonly gradNorm: number;
  /** Mean entropy of the policy over completion tokens, in nats. */
  readonly entropy: number;
  /** Mean and largest |sampler's log-probability - trainer's log-probability| over completion tokens, the sampler being the
   *  decoder or a server; null where a server gave none. */
  readonly logprobDriftMean: number | null;
  readonly logprobDriftMax: number | null;
  /** Completion tokens that carried a loss. */
  readonly tokens: number;
}
