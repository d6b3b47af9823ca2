import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../src/random.js';
import { rzero } from '../support/command-line.js';
import { decided, finishedRun, query, signalled, smallRun, workFolder } from './support.js';

const folder = workFolder();
const reference = join(folder, 'reference.db');
const THREE = { iterations: '3' };
await finishedRun(reference, THREE);
const SNAPSHOTS = query<{ sequence: number }>(reference, 'SELECT sequence FROM snapshots')[0]?.sequence ?? 0;

/** Increasing snapshot numbers, one in each of `count` equal parts of a run. The last fifth of it is left out: a signal
 *  that comes late on a busy machine still finds the run at work. */
function moments(seed: number, count: number): number[] {
  const random = new Random(seed);
  const part = (0.8 * SNAPSHOTS) / count;
  return Array.from({ length: count }, (_, i) => Math.max(1, Math.floor(part * (i + random.next()))));
}

test('a run killed six times goes on to the same weights, rows and answers', async (t) => {
  const db = join(folder, 'killed.db');
  const at = moments(1, 6);
  t.diagnostic(`killed at snapshots ${at.join(', ')} of ${SNAPSHOTS}`);
  for (const [i, moment] of at.entries()) {
    const args = i === 0 ? smallRun(db, THREE) : ['resume', '--db', db];
    assert.equal((await signalled(args, db, 'SIGKILL', moment)).signal, 'SIGKILL');
  }
  const { code, stderr } = await rzero(['resume', '--db', db]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(decided(db), decided(reference));
});

test('a run stopped by Ctrl-C exits with 130, is interrupted, and goes on to the same weights, rows and answers', async () => {
  const db = join(folder, 'stopped.db');
  for (const [i, moment] of moments(2, 3).entries()) {
    const args = i === 0 ? smallRun(db, THREE) : ['resume', '--db', db];
    assert.deepEqual(await signalled(args, db, 'SIGINT', moment), { code: 130, signal: null });
    assert.deepEqual(query(db, 'SELECT status, finished_at FROM run_history'), [
      { status: 'interrupted', finished_at: null },
    ]);
  }
  assert.equal((await rzero(['resume', '--db', db])).code, 0);
  assert.deepEqual(decided(db), decided(reference));
});

test('the same seed gives the same weights, rows and answers, and another seed other weights', async () => {
  const [again, other] = [join(folder, 'again.db'), join(folder, 'other.db')];
  await finishedRun(again, THREE);
  await finishedRun(other, { seed: '1', iterations: '1' });
  assert.deepEqual(decided(again), decided(reference));
  const hashes = (db: string) =>
    query<{ sha256: string }>(db, "SELECT sha256 FROM checkpoints WHERE kind = 'weights'").map(({ sha256 }) => sha256);
  assert.deepEqual(
    hashes(other).filter((hash) => hashes(reference).includes(hash)),
    [],
  );
});

test('a run of adapters that is killed twice goes on to the same adapters, a twentieth of the weights', async () => {
  const [whole, db] = [join(folder, 'adapters.db'), join(folder, 'killed-adapters.db')];
  const settings = { 'lora.rank': '2', 'rl.solver.lr': '0.002', iterations: '2' };
  await finishedRun(whole, settings);
  const last = query<{ sequence: number }>(whole, 'SELECT sequence FROM snapshots')[0]?.sequence ?? 0;
  for (const [i, share] of [0.3, 0.6].entries()) {
    const args = i === 0 ? smallRun(db, settings) : ['resume', '--db', db];
    assert.equal((await signalled(args, db, 'SIGKILL', Math.floor(share * last))).signal, 'SIGKILL');
  }
  const { code, stderr } = await rzero(['resume', '--db', db]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(decided(db), decided(whole));
  const sizeOf = (file: string): number =>
    query<{ size: number }>(file, "SELECT max(size_bytes) AS size FROM checkpoints WHERE kind = 'weights'")[0]?.size ??
    0;
  assert.ok(sizeOf(db) < sizeOf(reference) / 20, `${sizeOf(db)} bytes`);
});
