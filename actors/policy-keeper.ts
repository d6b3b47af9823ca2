import { CheckpointError } from '../src/errors.js';
import { decodeWeights, encodeWeights } from '../src/lm/checkpoint.js';
import type { ParameterLayout } from '../src/lm/parameters.js';
import { decodeSafetensors, encodeSafetensors } from '../src/lm/safetensors.js';
import type { Policy } from '../src/policies/policy.js';
import { freshState, type PolicyState } from '../src/policies/state.js';
import { type BlobRef, readBlob, writeBlob } from '../storage/blobs.js';
import { newestCheckpoint, recordCheckpoint } from '../storage/checkpoints.js';
import type { Reader, Writer } from '../storage/connection.js';
import { weightsFolder } from '../storage/database.js';
import type { Role } from '../storage/steps.js';

/**
 * A role's policy and where in the run it stands. The weights at any step boundary can be found again: in memory, or in
 * the checkpoint of that step. Each iteration begins with fresh moments and a frozen reference.
 */
export class PolicyKeeper {
  /** The iteration whose weights the policy has, and its reference; null until it is asked for. */
  private place: { readonly iteration: number; readonly reference: Policy } | null = null;

  constructor(
    private readonly db: Writer,
    private readonly runId: string,
    private readonly role: Role,
    private readonly layout: ParameterLayout,
    readonly policy: Policy,
    private readonly base: Policy,
    private readonly settings: {
      /** What each iteration begins from: the base, or its last end. */
      readonly start: 'base' | 'previous';
      /** What the KL is to: the iteration's start, or the base. */
      readonly reference: 'iteration' | 'base';
    },
  ) {}

  /** Moves the policy to where the iteration stands: its newest step, or its start. */
  enter(iteration: number): { readonly policy: Policy; readonly reference: Policy } {
    if (this.place?.iteration !== iteration) {
      this.policy.restore(freshState(this.startOf(iteration)));
      const reference = this.settings.reference === 'base' ? this.base : this.policy.frozen();
      const newest = this.stateIn(iteration);
      if (newest !== null) this.policy.restore(newest);
      this.place = { iteration, reference };
    }
    return { policy: this.policy, reference: this.place.reference };
  }

  /** The weights that a policy has at the end of an iteration; 0 is the base. */
  private endOf(iteration: number): Float32Array {
    const place = { runId: this.runId, role: this.role, iteration };
    return weightsAfter(this.db, weightsFolder(this.db.path), this.layout, place) ?? this.base.state.weights;
  }

  /** Writes the weights and moments after a step; the function it returns records them in the step's commit. */
  checkpoint(iteration: number, step: number): (db: Writer) => void {
    const { state } = this.policy;
    const folder = weightsFolder(this.db.path);
    const weights = writeBlob(folder, encodeWeights(this.layout, state.weights), 'safetensors');
    const optimizer = writeBlob(folder, encodeMoments(state), 'safetensors');
    const createdAt = new Date().toISOString();
    const row = (kind: 'weights' | 'optimizer', blob: BlobRef) => ({
      ...blob,
      runId: this.runId,
      iteration,
      role: this.role,
      step,
      kind,
      createdAt,
    });
    return (db) => {
      recordCheckpoint(db, row('weights', weights));
      recordCheckpoint(db, row('optimizer', optimizer));
    };
  }

  private startOf(iteration: number): Float32Array {
    return this.settings.start === 'base' ? this.base.state.weights : this.endOf(iteration - 1);
  }

  private stateIn(iteration: number): PolicyState | null {
    const [weights, moments] = [this.blob(iteration, 'weights'), this.blob(iteration, 'optimizer')];
    if (weights === null || moments === null) return null;
    return {
      weights: decodeWeights(this.layout, weights.bytes, weights.file),
      ...decodeMoments(moments.bytes, moments.file),
    };
  }

  private blob(
    iteration: number,
    kind: 'weights' | 'optimizer',
  ): { readonly bytes: Uint8Array; readonly file: string } | null {
    const row = newestCheckpoint(this.db, { runId: this.runId, iteration, role: this.role, kind });
    return row === undefined ? null : { bytes: readBlob(weightsFolder(this.db.path), row), file: row.file };
  }
}

/** The weights of a role at the end of an iteration, or null where no update was made until then: the base's.
 *  @throws CheckpointError when the file is gone or was changed. */
export function weightsAfter(
  db: Reader,
  folder: string,
  layout: ParameterLayout,
  { runId, role, iteration }: { readonly runId: string; readonly role: Role; readonly iteration: number },
): Float32Array | null {
  for (let at = iteration; at > 0; at--) {
    const row = newestCheckpoint(db, { runId, iteration: at, role, kind: 'weights' });
    if (row !== undefined) return decodeWeights(layout, readBlob(folder, row), row.file);
  }
  return null;
}

function encodeMoments({ first, second, step }: PolicyState): Uint8Array {
  const vector = (data: Float32Array) => ({ shape: [data.length], data });
  return encodeSafetensors(
    new Map([
      ['first', vector(first)],
      ['second', vector(second)],
      ['step', vector(Float32Array.of(step))],
    ]),
  );
}

function decodeMoments(bytes: Uint8Array, file: string): Pick<PolicyState, 'first' | 'second' | 'step'> {
  const tensors = decodeSafetensors(bytes, file);
  const [first, second, step] = ['first', 'second', 'step'].map((name) => tensors.get(name)?.data);
  if (first === undefined || second === undefined || step?.[0] === undefined)
    throw new CheckpointError(`${file} holds no optimiser state`);
  return { first, second, step: step[0] };
}
