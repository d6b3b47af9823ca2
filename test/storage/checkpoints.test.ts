import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CheckpointError, DatabaseError } from '../../src/errors.js';
import { readBlob, writeBlob } from '../../storage/blobs.js';
import {
  type CheckpointKind,
  checkpointsOf,
  deleteSupersededCheckpoints,
  newestCheckpoint,
  pruneBlobs,
  recordCheckpoint,
} from '../../storage/checkpoints.js';
import { commit, type Writer } from '../../storage/connection.js';
import { weightsFolder } from '../../storage/database.js';
import type { Role } from '../../storage/steps.js';
import { database, STARTED, secondProcess, temporaryFolder } from './support.js';

const RUN = 'rblobs';

function checkpoint(db: Writer, iteration: number, role: Role, step: number, kind: CheckpointKind): string {
  const content = `${iteration} ${role} ${step} ${kind}`;
  const blob = writeBlob(weightsFolder(db.path), Buffer.from(content), 'safetensors');
  commit(db, () => recordCheckpoint(db, { ...blob, runId: RUN, iteration, role, step, kind, createdAt: STARTED }));
  return blob.file;
}

test('a blob is named by the hash of its content and comes back as it was', (t) => {
  const folder = join(temporaryFolder(t), 'weights');
  const bytes = new Uint8Array([1, 2, 3]);
  const blob = writeBlob(folder, bytes, 'safetensors');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(blob, { sha256, file: `${sha256}.safetensors`, sizeBytes: 3 });
  assert.deepEqual(new Uint8Array(readBlob(folder, blob)), bytes);
  assert.deepEqual(writeBlob(folder, bytes, 'safetensors'), blob);
  assert.deepEqual(readdirSync(folder), [blob.file]);
});

test('a view into a larger buffer is written as the view alone', (t) => {
  const folder = temporaryFolder(t);
  const blob = writeBlob(folder, new Uint8Array(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2), 'bin');
  assert.deepEqual([...readFileSync(join(folder, blob.file))], [1, 2]);
});

test('weights that are missing or have changed are refused', (t) => {
  const folder = temporaryFolder(t);
  const blob = writeBlob(folder, Buffer.from('weights'), 'safetensors');
  writeFileSync(join(folder, blob.file), 'weightz');
  assert.throws(
    () => readBlob(folder, blob),
    (error) => error instanceof CheckpointError && /have changed since/.test(error.message),
  );
  rmSync(join(folder, blob.file));
  assert.throws(
    () => readBlob(folder, blob),
    (error) => error instanceof CheckpointError && /can't be read/.test(error.message),
  );
});

test('a blob that can not be written is a DatabaseError and leaves no part of it', (t) => {
  const folder = temporaryFolder(t);
  const bytes = Buffer.from('weights');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  mkdirSync(join(folder, `${sha256}.safetensors`)); // the rename at the end can not replace a folder
  assert.throws(
    () => writeBlob(folder, bytes, 'safetensors'),
    (error) => error instanceof DatabaseError && /can't be written/.test(error.message),
  );
  assert.deepEqual(readdirSync(folder), [`${sha256}.safetensors`]);
});

test('a process killed while it writes leaves whole files, and what else it leaves is pruned', async (t) => {
  const db = database(t, RUN);
  const folder = weightsFolder(db.path);
  const other = secondProcess(t, 'blobs', db.path);
  assert.equal(await other.said, 'writing');
  other.child.kill('SIGKILL');
  await other.ended;
  const complete = readdirSync(folder).filter((file) => file.endsWith('.safetensors'));
  assert.ok(complete.length >= 3);
  for (const file of complete) readBlob(folder, { file, sha256: file.split('.')[0] ?? '' });
  pruneBlobs(db, folder);
  assert.deepEqual(readdirSync(folder), []);
});

test('pruning deletes what no row names and leaves what is not ours', (t) => {
  const db = database(t, RUN);
  const folder = weightsFolder(db.path);
  const named = checkpoint(db, 1, 'solver', 2, 'weights');
  const lost = writeBlob(folder, Buffer.from('lost'), 'safetensors').file;
  const temporary = `${named}.4711.tmp`;
  for (const file of [temporary, 'README.txt']) writeFileSync(join(folder, file), 'x');
  assert.deepEqual([...pruneBlobs(db, folder)].sort(), [lost, temporary].sort());
  assert.deepEqual(readdirSync(folder).sort(), [named, 'README.txt'].sort());
});

test('pruning a folder that was never made deletes nothing', (t) => {
  const db = database(t, RUN);
  assert.deepEqual(pruneBlobs(db, weightsFolder(db.path)), []);
});

test('superseded steps go; the end of each iteration stays, with the newest state of the optimiser', (t) => {
  const db = database(t, RUN);
  for (const iteration of [1, 2]) {
    for (const step of [1, 2]) {
      for (const kind of ['weights', 'optimizer'] as const) checkpoint(db, iteration, 'solver', step, kind);
    }
  }
  checkpoint(db, 1, 'challenger', 5, 'weights');
  checkpoint(db, 1, 'challenger', 5, 'optimizer');
  assert.equal(
    commit(db, () => deleteSupersededCheckpoints(db, RUN)),
    5,
  );
  const left = checkpointsOf(db, RUN);
  assert.deepEqual(
    left.map((row) => `${row.iteration} ${row.role} ${row.step} ${row.kind}`),
    [
      '1 challenger 5 optimizer',
      '1 challenger 5 weights',
      '1 solver 2 weights',
      '2 solver 2 optimizer',
      '2 solver 2 weights',
    ],
  );
  assert.equal(pruneBlobs(db, weightsFolder(db.path)).length, 5);
  for (const row of left) readBlob(weightsFolder(db.path), row);
  assert.equal(
    commit(db, () => deleteSupersededCheckpoints(db, RUN)),
    0,
  );
});

test('the newest checkpoint of a role is that of its last step in the iteration', (t) => {
  const db = database(t, RUN);
  for (const step of [1, 10, 9]) checkpoint(db, 1, 'solver', step, 'weights');
  const of = { runId: RUN, iteration: 1, role: 'solver', kind: 'weights' } as const;
  assert.equal(newestCheckpoint(db, of)?.step, 10);
  assert.equal(newestCheckpoint(db, { ...of, iteration: 2 }), undefined);
});

test('two checkpoints with the same content share a file, which stays as long as one of them does', (t) => {
  const db = database(t, RUN);
  const folder = weightsFolder(db.path);
  const blob = writeBlob(folder, Buffer.from('same'), 'safetensors');
  for (const step of [1, 2]) {
    const where = { runId: RUN, iteration: 1, role: 'solver', step, kind: 'weights', createdAt: STARTED } as const;
    commit(db, () => recordCheckpoint(db, { ...blob, ...where }));
  }
  commit(db, () => deleteSupersededCheckpoints(db, RUN));
  assert.deepEqual(pruneBlobs(db, folder), []);
});
