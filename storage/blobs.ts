import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, DatabaseError } from '../src/errors.js';

/**
 * Files named by the hash of their content, beside the database.
 * - A file under its final name is complete: it is written under a temporary name, synced, and then renamed.
 * - A file comes before the row that names it, and goes after it: write the file, then commit the row; commit the
 *   row's deletion, then prune. What dies in between leaves a file too many, never a row that points at nothing.
 */

/** A file that is safely on the disk. */
export interface BlobRef {
  /** SHA-256 of the content, lower-case hexadecimal. */
  readonly sha256: string;
  /** The file's name in its folder. */
  readonly file: string;
  readonly sizeBytes: number;
}

/** The end of a name whose file is still being written. */
const TEMPORARY = '.tmp';

/** Writes `bytes` as `<sha256>.<extension>` in `folder`, which it makes where it is missing; content that is already
 *  there is not written again. Returns when file and name would survive a power cut.
 *  @throws DatabaseError when the disk is full or the folder can't be written; no part of the file stays. */
export function writeBlob(folder: string, bytes: Uint8Array, extension: string): BlobRef {
  const sha256 = hashOf(bytes);
  const blob = { sha256, file: `${sha256}.${extension}`, sizeBytes: bytes.byteLength };
  const path = join(folder, blob.file);
  try {
    mkdirSync(folder, { recursive: true });
    if (statSync(path, { throwIfNoEntry: false })?.size === bytes.byteLength) return blob;
    writeAside(path, bytes);
    sync(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
  return blob;
}

/** The content of a file that {@link writeBlob} wrote.
 *  @throws CheckpointError when it is missing or no longer what its hash says. */
export function readBlob(folder: string, blob: Pick<BlobRef, 'sha256' | 'file'>): Uint8Array {
  const path = join(folder, blob.file);
  const bytes = readOrFail(path);
  if (hashOf(bytes) !== blob.sha256) {
    throw new CheckpointError(
      `the weights in ${path} have changed since they were written; put back a copy, or start a new run`,
      {
        details: { file: path },
      },
    );
  }
  return bytes;
}

function writeAside(path: string, bytes: Uint8Array): void {
  const aside = `${path}.${process.pid}${TEMPORARY}`;
  try {
    const file = openSync(aside, 'w');
    try {
      for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

/** Makes the names in a folder durable: a rename is only in memory until then. (Windows syncs no folders.) */
function sync(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readOrFail(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CheckpointError(`the weights in ${path} can't be read; put the file back, or start a new run`, {
      cause,
      details: { file: path },
    });
  }
}

function unwritable(folder: string, cause: unknown): DatabaseError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const mend =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full; free some space'
      : `${code}; check the folder and its disk`;
  return new DatabaseError(`weights can't be written to ${folder}: ${mend}, then resume the run`, {
    cause,
    details: { folder, code },
  });
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
