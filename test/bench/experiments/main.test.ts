import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNode } from '../../support/command-line.js';
import { temporaryFolder } from '../../support/temporary.js';

/** One experiment in miniature, as its command runs it. */

const MAIN = fileURLToPath(new URL('../../../bench/experiments/main.js', import.meta.url));
const SMALL = [
  ...['rl.challenger.steps=1', 'rl.challenger.questions=16', 'rl.challenger.votes=2'],
  ...['rl.curriculum.questions=16', 'rl.curriculum.batch=16', 'rl.curriculum.votes=4', 'rl.curriculum.band=[0,1]'],
  ...['rl.solver.steps=2', 'rl.solver.questions=4', 'rl.solver.rollouts=4'],
].flatMap((each) => ['--set', each]);

test('the main experiment writes its table and chart, and takes runs that are there where they are alike', async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, 'results', 'main.md');
  const args = [MAIN, '--preset', 'smoke', '--seeds', '0', '--items', '4', '--iterations', '1', ...SMALL];
  const places = ['--folder', folder, '--out', out];
  const first = await runNode([...args, ...places]);
  assert.equal(first.code, 0, first.stderr);
  const table = readFileSync(out, 'utf8');
  assert.equal(first.stdout, table);
  assert.match(table, /^\| {2}\| base \| untrained it 1 \| it 1 \| gain by seed \|/m);
  assert.match(table, /^\| math, greedy \| \d+\.\d \|.* \| [+-]\d+\.\d ± \d+\.\d \/ - \|/m); // one seed has no error of seeds
  assert.match(table, /^\| label accuracy of the kept, % \| - \| \d/m);
  assert.match(table, /npm run experiment:main -- --seeds 0 --items 4 --iterations 1 --preset smoke/);
  assert.match(readFileSync(out.replace(/md$/, 'svg'), 'utf8'), /general, mean@1/);

  const again = await runNode([...args, ...places, '--reuse']);
  assert.equal(again.stdout, table);
  assert.equal(again.stderr, ''); // no run was made
  const other = await runNode([...args, ...places, '--reuse', '--set', 'rl.solver.lr=0.01']);
  assert.notEqual(other.code, 0);
  assert.match(other.stderr, /full-seed-0\.db was made with other settings; leave --reuse out/);
});
