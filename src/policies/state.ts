import type { AdaptedWeights, SharedWeights, TrainableWeights } from '../workers/tasks.js';

/** What training changes: the weights, AdamW's moments, and how many updates made them. All flat. */
export interface PolicyState {
  readonly weights: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly step: number;
}

/** The state of a policy that has not been trained yet. */
export function freshState(weights: Float32Array): PolicyState {
  return { weights, first: new Float32Array(weights.length), second: new Float32Array(weights.length), step: 0 };
}

let versions = 0;

/** Weights in memory that workers read, under a version that no other weights of this process have. */
export function shareWeights(weights: Float32Array): SharedWeights {
  const buffer = new SharedArrayBuffer(weights.byteLength);
  new Float32Array(buffer).set(weights);
  return { version: `${++versions}`, buffer };
}

/** What adapters are over: weights that stay in their files. */
export type AdapterBase = Omit<AdaptedWeights, 'adapters'>;

/** What learns, as workers read it: all weights, or adapters over `base`. */
export function learning(base: AdapterBase | null, weights: Float32Array): TrainableWeights {
  const shared = shareWeights(weights);
  return base === null ? shared : { ...base, adapters: shared };
}
