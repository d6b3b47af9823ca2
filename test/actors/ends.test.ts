import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../src/random.js';
import { rzero } from '../support/command-line.js';
import { changedModel, decided, finishedRun, query, signalled, smallRun, workFolder } from './support.js';

/** Ways in which a run comes to an end other than being done. */

const folder = workFolder();

interface EndRow {
  readonly status: string;
  readonly end_reason: string | null;
}
const endOf = (db: string): EndRow | undefined => query<EndRow>(db, 'SELECT status, end_reason FROM runs')[0];

test('a band that no question falls into ends the run: nothing is left, which is no failure', async () => {
  const db = join(folder, 'band.db');
  const { stdout } = await finishedRun(db, { 'rl.curriculum.band': '[0.99,0.991]' });
  assert.deepEqual(endOf(db), {
    status: 'nothing_left',
    end_reason: 'no question fell into the frontier band, so nothing is left to learn from',
  });
  assert.match(stdout, /no question fell into the frontier band/);
});

test('a Challenger that writes only nonsense ends the run: no valid question', async () => {
  const random = new Random(7);
  const model = changedModel(join(folder, 'nonsense'), (_, values) => {
    values.forEach((_, i) => {
      values[i] = random.normal() / 4;
    });
  });
  const db = join(folder, 'nonsense.db');
  await finishedRun(db, { model });
  assert.deepEqual(endOf(db), {
    status: 'nothing_left',
    end_reason: 'the Challenger wrote no valid question, so nothing is left to learn from',
  });
  assert.deepEqual(query(db, 'SELECT valid FROM iteration_summary WHERE iteration = 1'), [{ valid: 0 }]);
});

test('a Solver that always gives the same answer ends the run: every group is equal', async () => {
  // logits ten thousand times as large leave all of the probability on one token
  const model = changedModel(join(folder, 'certain'), (name, values) => {
    if (name === 'model.norm.weight') for (const [i, value] of values.entries()) values[i] = 1e4 * value;
  });
  const db = join(folder, 'certain.db');
  await finishedRun(db, { model });
  assert.deepEqual(endOf(db), {
    status: 'nothing_left',
    end_reason: "every group's rewards were equal, so nothing is left to learn from",
  });
  assert.deepEqual(query(db, 'SELECT DISTINCT vote_share FROM curriculum WHERE vote_share IS NOT NULL'), [
    { vote_share: 1 },
  ]);
});

test('a checkpoint with a weight that is not a number is refused, and leaves no run behind', async () => {
  const model = changedModel(join(folder, 'broken'), (name, values) => {
    if (name === 'model.norm.weight') values[3] = Number.NaN;
  });
  const db = join(folder, 'broken.db');
  const { code, stdout, stderr } = await rzero(smallRun(db, { model }));
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^rzero: \S*model\.safetensors: model\.norm\.weight has a value that is not finite; make .*\n$/);
  assert.equal(existsSync(db), false);
});

test('a run whose weights are gone fails with its cause, and resumed with them back reaches the same end', async () => {
  const [db, reference] = [join(folder, 'lost.db'), join(folder, 'whole.db')];
  await finishedRun(reference, { iterations: '3' });
  const closed = query<{ count: number }>(reference, 'SELECT sequence / 2 AS count FROM snapshots')[0]?.count ?? 0;
  await signalled(smallRun(db, { iterations: '3' }), db, 'SIGINT', closed);

  renameSync(`${db}.weights`, `${db}.elsewhere`);
  const failed = await rzero(['resume', '--db', db]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /rzero: run \w+ failed: \w+ failed at \w+: .*safetensors.*\n$/);
  assert.equal(endOf(db)?.status, 'failed');

  if (existsSync(`${db}.weights`)) assert.deepEqual(readdirSync(`${db}.weights`), []);
  renameSync(`${db}.elsewhere`, `${db}.weights`);
  const { code, stderr } = await rzero(['resume', '--db', db]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(decided(db), decided(reference));
});
