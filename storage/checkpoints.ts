import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseError } from '../src/errors.js';
import type { BlobRef } from './blobs.js';
import type { Reader, Writer } from './connection.js';
import type { Role } from './steps.js';

/** What a role's weights or its optimiser's state were after a step, and the file that holds them. */
export interface CheckpointRecord extends BlobRef {
  readonly runId: string;
  readonly iteration: number;
  readonly role: Role;
  /** Steps done in the iteration; 0 is its start. */
  readonly step: number;
  readonly kind: CheckpointKind;
  /** UTC, ISO 8601. */
  readonly createdAt: string;
}
export type CheckpointKind = 'weights' | 'optimizer';

/** Records a checkpoint; its file must be written already. Again, it replaces the earlier row. */
export function recordCheckpoint(db: Writer, checkpoint: CheckpointRecord): void {
  db.run(
    `INSERT OR REPLACE INTO checkpoints (run_id, iteration, role, step, kind, sha256, file, size_bytes, created_at)
     VALUES (@runId, @iteration, @role, @step, @kind, @sha256, @file, @sizeBytes, @createdAt)`,
    checkpoint,
  );
}

/** The newest checkpoint of a role in an iteration, or undefined where it has none: the iteration's start is then the
 *  end of the one before, or the base. */
export function newestCheckpoint(
  db: Reader,
  of: Pick<CheckpointRecord, 'runId' | 'iteration' | 'role' | 'kind'>,
): CheckpointRecord | undefined {
  return db.get(
    `${SELECT_CHECKPOINT} WHERE run_id = @runId AND iteration = @iteration AND role = @role AND kind = @kind
     ORDER BY step DESC LIMIT 1`,
    of,
  );
}

/** All checkpoints of a run, in the order of training. */
export function checkpointsOf(db: Reader, runId: string): readonly CheckpointRecord[] {
  return db.all(`${SELECT_CHECKPOINT} WHERE run_id = @runId ORDER BY iteration, role, step, kind`, { runId });
}

/** Deletes the rows of checkpoints that nothing goes on from any more, and returns how many. What stays: the weights
 *  after the last step of each role in each iteration, and the optimiser's state after a role's very last step. */
export function deleteSupersededCheckpoints(db: Writer, runId: string): number {
  return db.run(
    `DELETE FROM checkpoints AS old WHERE run_id = @runId AND EXISTS (
       SELECT 1 FROM checkpoints AS later
       WHERE later.run_id = old.run_id AND later.role = old.role AND later.kind = old.kind
         AND ((later.iteration = old.iteration AND later.step > old.step)
           OR (old.kind = 'optimizer' AND later.iteration > old.iteration)))`,
    { runId },
  );
}

/** Deletes the files in `folder` that no row names, temporary ones included, and returns their names. Call it after
 *  the commit, and never while a file waits for its row.
 *  @throws DatabaseError when the folder can't be changed. */
export function pruneBlobs(db: Writer, folder: string): readonly string[] {
  const named = new Set(
    db.all<{ readonly file: string }>('SELECT DISTINCT file FROM checkpoints', {}).map(({ file }) => file),
  );
  try {
    const lost = filesIn(folder).filter((file) => !named.has(file) && WRITTEN_BY_US.test(file));
    for (const file of lost) rmSync(join(folder, file), { force: true });
    return lost;
  } catch (cause) {
    throw new DatabaseError(`old weights in ${folder} can't be deleted; check the folder's permissions`, {
      cause,
      details: { folder },
    });
  }
}

/** A hash with an extension, or the temporary name of one: anything else in the folder is somebody's own. */
const WRITTEN_BY_US = /^[0-9a-f]{64}\.\w+(\.\d+\.tmp)?$/;

const SELECT_CHECKPOINT = `
  SELECT run_id AS runId, iteration, role, step, kind, sha256, file, size_bytes AS sizeBytes, created_at AS createdAt
  FROM checkpoints`;

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []; // nothing was written yet
    throw error;
  }
}
