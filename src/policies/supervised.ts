import { InternalError, NumericalError } from '../errors.js';
import type { OptimizerSettings } from '../lm/optimizer.js';
import { addTo } from '../workers/add-to.js';
import type { LmPool } from '../workers/pool.js';
import type { GradientResult } from '../workers/tasks.js';
import { onEachWorker } from './reader.js';
import { type AdapterBase, learning, type PolicyState } from './state.js';

/** A sequence to learn, and the weight of each of its targets, tokens 1 on: 0 leaves one out, and the average's divisor is
 *  in it. */
export interface SupervisedSequence {
  readonly tokens: readonly number[];
  readonly weights: Float32Array;
}

/** One update by cross-entropy. */
export interface SupervisedSettings {
  readonly optimizer: OptimizerSettings;
  readonly learningRate: number;
  readonly muonLearningRate: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  readonly recompute: boolean;
}

/**
 * The state after one update, and the loss before it. `shares` has the micro-batches of each worker; the same shares give
 * the same bits. All weights learn, or adapters over `base`.
 * @throws NumericalError where loss or gradient is not finite; the state is as it was.
 */
export async function supervisedStep(
  pool: LmPool,
  base: AdapterBase | null,
  state: PolicyState,
  shares: readonly (readonly (readonly SupervisedSequence[])[])[],
  { recompute, ...settings }: SupervisedSettings,
): Promise<{ readonly state: PolicyState; readonly loss: number }> {
  const weights = learning(base, state.weights);
  const parts = await onEachWorker(shares, (batches, worker) =>
    pool.run(worker, 'supervised', {
      weights,
      batches: batches.map((batch) => ({
        sequences: batch.map(({ tokens }) => tokens),
        weights: batch.map((sequence) => sequence.weights),
      })),
      train: { recompute },
    }),
  );
  const { gradient, loss } = summed(parts);
  const step = state.step + 1;
  if (!Number.isFinite(loss)) {
    throw new NumericalError(`the loss is not finite at step ${step}; a lower learning rate may help`, {
      details: { tensor: 'loss', step },
    });
  }
  const task = { ...state, ...settings, gradient, step };
  const { gradNorm: _, ...updated } = await pool.run(0, 'update', task, [gradient]);
  return { state: { ...updated, step }, loss };
}

/** The sum of the workers' results, in their order. */
function summed([first, ...others]: readonly GradientResult[]): GradientResult {
  if (first === undefined) throw new InternalError('no worker had a part');
  let { loss } = first;
  for (const other of others) {
    addTo(first.gradient, other.gradient);
    loss += other.loss;
  }
  return { gradient: first.gradient, loss };
}
