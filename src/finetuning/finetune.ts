import { OnnxReader } from '../policies/reader.js';
import { learningRateShare } from '../policies/schedule.js';
import { type AdapterBase, freshState, learning } from '../policies/state.js';
import { supervisedStep } from '../policies/supervised.js';
import { Random, stream } from '../random.js';
import { evenMicroBatches, shard } from '../rl/packing.js';
import { MICRO_BATCH_TOKENS } from '../workers/engine.js';
import type { LmPool } from '../workers/pool.js';
import type { LabelledExample } from './labelled-file.js';

export interface FinetuneSettings {
  readonly epochs: number;
  /** The highest that it reaches. */
  readonly learningRate: number;
  /** Examples in a step. */
  readonly batch: number;
  readonly seed: number;
  /** Gradient checkpointing. */
  readonly recompute: boolean;
}

export interface FinetuneProgress {
  readonly step: number;
  readonly steps: number;
  /** Cross-entropy a token of the step's completions, in nats. */
  readonly loss: number;
}

/** Cross-entropy a token before training and after each epoch, in nats. */
export interface Losses {
  /** Over the epoch's steps, each before its update. */
  readonly epochs: readonly number[];
  /** On the held-out examples, before the first epoch and after each; empty where there are none. */
  readonly heldOut: readonly number[];
}

const ADAMW = {
  optimizer: { optimizer: 'adamw', beta1: 0.9, beta2: 0.95 },
  weightDecay: 0.01,
  gradientClip: 1,
} as const;
/** The rate rises over this share of the steps, and falls from there to 0. */
const WARMUP_SHARE = 0.05;

/**
 * What learns after supervised fine-tuning: all weights, or adapters over `base`. The loss is the cross-entropy of the
 * completions' tokens; prompts are read and not learned. Each epoch takes the examples in another order. The same seed,
 * provider and worker count give the same weights.
 */
export async function finetune(
  pool: LmPool,
  base: AdapterBase | null,
  initial: Float32Array,
  {
    examples,
    heldOut,
  }: { readonly examples: readonly LabelledExample[]; readonly heldOut: readonly LabelledExample[] },
  settings: FinetuneSettings,
  progress: (report: FinetuneProgress) => void,
): Promise<{ readonly weights: Float32Array } & Losses> {
  const { epochs, batch, seed, recompute } = settings;
  const stepsOfEpoch = Math.ceil(examples.length / batch);
  const steps = epochs * stepsOfEpoch;
  const schedule = { warmupSteps: Math.max(1, WARMUP_SHARE * steps), decayShare: 1 - WARMUP_SHARE, floor: 0 };
  const losses: { epochs: number[]; heldOut: number[] } = { epochs: [], heldOut: [] };
  let state = freshState(initial);
  const measure = async (): Promise<void> => {
    if (heldOut.length > 0) losses.heldOut.push(await crossEntropy(pool, base, state.weights, heldOut));
  };
  await measure();
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = new Random(stream(seed, 'fine-tuning order', epoch)).shuffled(examples);
    let [sum, tokens] = [0, 0];
    for (let i = 0; i < stepsOfEpoch; i++) {
      const chosen = order.slice(i * batch, (i + 1) * batch);
      const rate = settings.learningRate * learningRateShare(state.step, steps, schedule);
      const update = { ...ADAMW, learningRate: rate, muonLearningRate: 0, recompute };
      const result = await supervisedStep(pool, base, state, sharesOf(chosen, pool.workerCount), update);
      state = result.state;
      const own = completionTokens(chosen);
      sum += own * result.loss;
      tokens += own;
      progress({ step: state.step, steps, loss: result.loss });
    }
    losses.epochs.push(sum / tokens);
    await measure();
  }
  return { weights: state.weights, ...losses };
}

/** Each worker's micro-batches: all tokens of completions count the same. */
function sharesOf(examples: readonly LabelledExample[], workerCount: number) {
  const total = completionTokens(examples);
  const sequences = examples.map(({ prompt, completion }) => {
    const weights = new Float32Array(prompt.length + completion.length - 1);
    return { tokens: [...prompt, ...completion], weights: weights.fill(1 / total, prompt.length - 1) };
  });
  const lengths = sequences.map(({ tokens }) => tokens.length);
  const groups = evenMicroBatches(lengths, MICRO_BATCH_TOKENS, workerCount).map((group) =>
    group.flatMap((index) => sequences[index] ?? []),
  );
  const sizes = groups.map((group) => group.reduce((sum, { tokens }) => sum + tokens.length, 0));
  return shard(sizes, workerCount).map((share) => share.flatMap((index) => [groups[index] ?? []]));
}

const completionTokens = (examples: readonly LabelledExample[]): number =>
  examples.reduce((sum, { completion }) => sum + completion.length, 0);

/** Cross-entropy a completion token, in nats. */
async function crossEntropy(
  pool: LmPool,
  base: AdapterBase | null,
  weights: Float32Array,
  examples: readonly LabelledExample[],
): Promise<number> {
  const logprobs = await new OnnxReader(pool, learning(base, weights)).score(examples);
  return -logprobs.flat().reduce((sum, logprob) => sum + logprob, 0) / completionTokens(examples);
}
