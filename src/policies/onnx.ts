import type { GrpoConfig } from '../config.js';
import { InternalError, NumericalError } from '../errors.js';
import type { SamplingSettings } from '../lm/batching.js';
import type { StreamKey } from '../random.js';
import { evenMicroBatches, shard } from '../rl/packing.js';
import type { Rollout, StepReport, Tokens, TrainExample } from '../rl/rollout.js';
import { tellingExamples } from '../rl/telling-examples.js';
import { addTo } from '../workers/add-to.js';
import { MICRO_BATCH_TOKENS } from '../workers/engine.js';
import type { LmPool } from '../workers/pool.js';
import type { GrpoResult, GrpoSequence, TrainableWeights } from '../workers/tasks.js';
import type { Policy } from './policy.js';
import { OnnxReader, onEachWorker, split } from './reader.js';
import { type AdapterBase, freshState, learning, type PolicyState } from './state.js';

/** β of AdamW's moments for reinforcement learning, as in the recipe's experiments. */
const OPTIMIZER = { optimizer: 'adamw', beta1: 0.9, beta2: 0.99 } as const;

/**
 * A policy whose model runs and trains as ONNX graphs in a pool's workers. Work is divided among them by position alone,
 * and their gradients are added in their order: the same seed and worker count give the same weights, bit for bit.
 */
export class OnnxPolicy implements Policy {
  private current: PolicyState;
  private shared: TrainableWeights;
  private reader: OnnxReader;

  /** `state` is of all weights, or of adapters over `base`. */
  constructor(
    private readonly pool: LmPool,
    private readonly base: AdapterBase | null,
    state: PolicyState,
  ) {
    this.current = state;
    this.shared = learning(this.base, state.weights);
    this.reader = new OnnxReader(this.pool, this.shared);
  }

  get state(): PolicyState {
    return this.current;
  }

  frozen(): Policy {
    return new OnnxPolicy(this.pool, this.base, freshState(this.current.weights));
  }

  restore(state: PolicyState): void {
    this.current = state;
    this.shared = learning(this.base, state.weights);
    this.reader = new OnnxReader(this.pool, this.shared);
  }

  generate(prompts: readonly Tokens[], samples: number, sampling: SamplingSettings, key: StreamKey) {
    return this.reader.generate(prompts, samples, sampling, key);
  }

  score(rollouts: readonly Pick<Rollout, 'prompt' | 'completion'>[]) {
    return this.reader.score(rollouts);
  }

  async update(examples: readonly TrainExample[], settings: GrpoConfig, reference: Policy): Promise<StepReport | null> {
    const telling = tellingExamples(examples, settings.maskTruncated);
    if (telling.length === 0) return null;
    if (!(reference instanceof OnnxPolicy)) throw new InternalError('the reference must be of the same kind');
    const referenceWeights = settings.kl > 0 ? reference.shared : null;
    const sequences = telling.map(
      ({ rollout, advantage, importance }): Omit<GrpoSequence, 'weight'> => ({
        tokens: [...rollout.prompt, ...rollout.completion],
        start: rollout.prompt.length,
        advantage,
        behaviourLogprobs: rollout.logprobs,
        ...(importance === undefined ? {} : { importance }),
      }),
    );
    const before = this.current;
    const reports: Updated[] = [];
    try {
      for (let epoch = 0; epoch < settings.epochs; epoch++) {
        for (const batch of split(sequences, settings.minibatches)) {
          if (batch.length > 0) reports.push(await this.step(batch, settings, referenceWeights));
        }
      }
    } catch (error) {
      this.restore(before);
      throw error;
    }
    return summary(reports);
  }

  private async step(
    batch: readonly Omit<GrpoSequence, 'weight'>[],
    settings: GrpoConfig,
    reference: TrainableWeights | null,
  ) {
    const lengths = batch.map(({ tokens }) => tokens.length);
    const tokens = batch.reduce((sum, sequence) => sum + sequence.tokens.length - sequence.start, 0);
    const weighted = batch.map((sequence): GrpoSequence => {
      const own = sequence.tokens.length - sequence.start;
      return { ...sequence, weight: settings.averaging === 'token' ? 1 / tokens : 1 / (batch.length * own) };
    });
    const groups = evenMicroBatches(lengths, MICRO_BATCH_TOKENS, this.pool.workerCount).map((group) =>
      group.map((index) => weighted[index] as GrpoSequence),
    );
    const shares = shard(
      groups.map((group) => group.reduce((sum, sequence) => sum + sequence.tokens.length, 0)),
      this.pool.workerCount,
    );
    const parts = await onEachWorker(
      shares.map((share) => share.map((index) => groups[index] as GrpoSequence[])),
      (batches, worker) =>
        this.pool.run(worker, 'grpo', {
          weights: this.shared,
          reference,
          batches,
          settings: lossSettings(settings),
          train: { recompute: settings.recompute },
        }),
    );
    const total = summed(parts);
    if (!Number.isFinite(total.loss)) {
      throw new NumericalError('the loss is not finite; a lower learning rate may help', {
        details: { tensor: 'loss', step: this.current.step },
      });
    }
    const step = this.current.step + 1;
    const { gradient, ...report } = total;
    const task = {
      ...this.current,
      optimizer: OPTIMIZER,
      gradient,
      learningRate: settings.lr,
      muonLearningRate: 0,
      weightDecay: settings.weightDecay,
      gradientClip: settings.gradientClip,
      step,
    };
    const { gradNorm, ...updated } = await this.pool.run(0, 'update', task, [gradient]);
    this.restore({ ...updated, step });
    return { ...report, gradNorm, tokens };
  }
}

/** What one update reports. */
type Updated = Omit<GrpoResult, 'gradient'> & { readonly gradNorm: number; readonly tokens: number };

const lossSettings = ({ kl, clipLow, clipHigh, ratio }: GrpoConfig) => ({ kl, clipLow, clipHigh, ratio });

/** The sum of the workers' results, in their order; the first one's gradient takes it up. */
function summed([first, ...others]: readonly GrpoResult[]): GrpoResult {
  if (first === undefined) throw new InternalError('no worker had a part');
  let total = first;
  for (const other of others) {
    const { gradient } = total;
    addTo(gradient, other.gradient);
    total = {
      gradient,
      loss: total.loss + other.loss,
      klSum: total.klSum + other.klSum,
      clippedSum: total.clippedSum + other.clippedSum,
      entropySum: total.entropySum + other.entropySum,
      driftSum: total.driftSum + other.driftSum,
      driftMax: Math.max(total.driftMax, other.driftMax),
    };
  }
  return total;
}

/** Means over all updates of a rollout batch; the drift is that of the first, before the policy moved. */
function summary(reports: readonly Updated[]): StepReport {
  const tokens = reports.reduce((sum, report) => sum + report.tokens, 0);
  const perToken = (name: 'klSum' | 'clippedSum' | 'entropySum'): number =>
    reports.reduce((sum, report) => sum + report[name], 0) / tokens;
  const mean = (name: 'loss' | 'gradNorm'): number =>
    reports.reduce((sum, report) => sum + report[name], 0) / reports.length;
  const first = reports[0] as Updated;
  return {
    loss: mean('loss'),
    kl: perToken('klSum'),
    clipFraction: perToken('clippedSum'),
    gradNorm: mean('gradNorm'),
    entropy: perToken('entropySum'),
    logprobDriftMean: first.driftSum / first.tokens,
    logprobDriftMax: first.driftMax,
    tokens,
  };
}
