import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { smallRun, workFolder } from '../actors/support.js';
import { rzero } from '../support/command-line.js';
import { HAS_SCRIPT, onTerminal } from '../support/pseudo-terminal.js';

const folder = workFolder();
const SKIP = HAS_SCRIPT ? {} : { skip: 'script of util-linux is not here, so there is no terminal to run in' };

const COLOUR = new RegExp(`${'\u001b'}\\[[\\d;]*m`);

/** What stays of a small run on a screen, above its report. */
const STAYS = [
  /^run r\w{5}, preset smoke, seed 0, in /,
  /^base {2}math \d+\.\d {2}general \d+\.\d$/,
  /^iteration 1 wrote 32 questions and kept \d+$/,
  /^ {2}\S.* {2}\d of 4 says? \S/,
  /^ {2}\S.* {2}\d of 4 says? \S/,
  /^iteration 1 {2}math \d+\.\d \([+-]\d+\.\d\) .*[▁-█]{2}$/,
  /^iteration 2 wrote 32 questions and kept \d+$/,
  /^ {2}\S.* {2}\d of 4 says? \S/,
  /^ {2}\S.* {2}\d of 4 says? \S/,
  /^iteration 2 {2}math \d+\.\d \([+-]\d+\.\d\) .*[▁-█]{3}$/,
];

function assertMatches(lines: readonly string[], patterns: readonly RegExp[]): void {
  patterns.forEach((pattern, i) => void assert.match(lines[i] ?? '', pattern));
}

test(
  'on a terminal, the state is shown while a run goes, and at the end only scores and samples stay',
  SKIP,
  async () => {
    const { code, written, screen } = await onTerminal(smallRun(join(folder, 't.db')), 80, { NO_COLOR: '1' });
    const lines = await screen.lines();
    assert.equal(code, 0, lines.join('\n'));
    assert.match(written, /iteration 2 of 2: training the Solver, step 3 of 3/);
    assertMatches(lines, STAYS);
    assert.match(lines[STAYS.length] ?? '', /^run r\w{5}: done/);
    assert.match(lines.join('\n'), /# is the gain more than chance\?\n {2}rzero compare r\w{5}@0 r\w{5}@2 --db /);
    assert.ok(written.lastIndexOf('\u001b[?25h') > written.lastIndexOf('\u001b[?25l'), 'the cursor is shown again');
    assert.doesNotMatch(written, COLOUR);
  },
);

test('without a terminal the same is told in lines, without escapes', async () => {
  const { code, stdout, stderr } = await rzero(smallRun(join(folder, 'l.db')));
  assert.equal(code, 0, stderr);
  assert.equal(stripVTControlCharacters(stderr), stderr);
  const lines = stderr.split('\n');
  assertMatches(
    lines.filter((line) => !/^iteration \d( of \d)?: |^evaluat/.test(line)),
    STAYS,
  );
  assert.deepEqual(
    lines.filter((line) => / of 2: /.test(line)),
    [1, 2].flatMap((number) =>
      ['training the Challenger', 'writing and voting', 'training the Solver', 'evaluating'].map(
        (doing) => `iteration ${number} of 2: ${doing}`,
      ),
    ),
  );
  assert.match(stdout, /\nKept in .*l\.db, its weights in .*l\.db\.weights\. Next:\n/);
});

test('--quiet --json prints one JSON object and nothing else', async () => {
  const { stdout, stderr } = await rzero([...smallRun(join(folder, 'q.db')), '--quiet', '--json']);
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).run.status, 'done');
});
