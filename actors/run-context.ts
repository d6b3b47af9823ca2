import type { RunConfig } from '../src/config.js';
import type { PromptFormat } from '../src/lm/prompts.js';
import type { Policy } from '../src/policies/policy.js';
import { type StreamKey, stream } from '../src/random.js';
import type { Rollout } from '../src/rl/rollout.js';
import type { GradingPool } from '../src/workers/grading-pool.js';
import type { LmPool } from '../src/workers/pool.js';
import type { Writer } from '../storage/connection.js';
import type { TrainableModel } from './model.js';
import type { PolicyKeeper } from './policy-keeper.js';
import type { Recorder } from './recorder.js';

/** What the roles of one run share. */
export interface RunContext {
  readonly runId: string;
  readonly config: RunConfig;
  readonly db: Writer;
  readonly model: TrainableModel;
  readonly format: PromptFormat;
  readonly pool: LmPool;
  readonly grading: GradingPool;
  readonly recorder: Recorder;
  readonly challenger: PolicyKeeper;
  readonly solver: PolicyKeeper;
  readonly base: Policy;
  readonly checkLabel: CheckLabel;
  readonly progress: (label: string, done: number, total: number, unit: string) => void;
  readonly news: (text: string) => void;
}

/** Has the label of a question that was just voted on checked by an oracle. Nothing comes back: what it finds goes into the
 *  database, and the roles that learn have no other way to it. */
export type CheckLabel = (db: Writer, questionId: number, question: string, pseudoLabel: string | null) => void;

/** The stream of one piece of work: of the run's seed and of its place in the run, so that it can be done again. */
export const workKey = ({ config }: Pick<RunContext, 'config'>, ...place: readonly (string | number)[]): StreamKey =>
  stream(config.seed, ...place);

export const tokenCount = (groups: readonly (readonly Rollout[])[]): number =>
  groups.flat().reduce((sum, { completion }) => sum + completion.length, 0);

/** What is being made or was made last, by its place in the run; work that finds nothing here makes it again. */
export class Memo<T> {
  private readonly made = new Map<string, Promise<T>>();

  /** The thing at `place`, made by `make` where it is not at hand. The latest `kept` things are kept. */
  get(place: string, make: () => Promise<T>, kept = 4): Promise<T> {
    const known = this.made.get(place);
    if (known !== undefined) return known;
    const made = make();
    this.made.set(place, made);
    made.catch(() => this.made.delete(place));
    const oldest = this.made.keys().next();
    if (this.made.size > kept && !oldest.done) this.made.delete(oldest.value);
    return made;
  }
}

/** What `make` gives, made when first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Runs `work` and gives its seconds beside its result. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly seconds: number }> {
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000 };
}
