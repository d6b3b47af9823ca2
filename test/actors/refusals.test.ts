import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SHAPES } from '../../src/lm/shapes.js';
import { rzero } from '../support/command-line.js';
import { vastCheckpoint } from '../support/vast-checkpoint.js';
import { decided, finishedRun, MAIN, query, reached, smallRun, workFolder } from './support.js';

/** What the commands say no to: one sentence on stderr, an exit code, and nothing lost or made. */

const folder = workFolder();
const db = join(folder, 'done.db');
await finishedRun(db);
const id = query<{ id: string }>(db, 'SELECT id FROM runs')[0]?.id ?? '';
const full = join(folder, 'full');
mkdirSync(full);
writeFileSync(join(full, 'notes.txt'), 'mine');

const vast = join(folder, 'vast');
vastCheckpoint(vast, SHAPES['qwen3-4b']);

/** Arguments, exit code, the sentence, and what stands on stdin. */
const REFUSED: readonly (readonly [
  claim: string,
  args: readonly string[],
  code: number,
  says: RegExp,
  input?: string,
])[] = [
  ['resuming from no database', ['resume', '--db', join(folder, 'none.db')], 1, /there is no database at .*none\.db;/],
  ['resuming where all runs are done', ['resume', '--db', db], 2, /there is no unfinished run in .*done\.db;/],
  ['resuming a run that is done', ['resume', id, '--db', db], 2, /run \w+ has come to its end; "rzero show \w+"/],
  ['resuming an unknown run', ['resume', 'zzz', '--db', db], 2, /there is no run "zzz" in .*did you mean "\w+"\?/],
  ['an iteration that is not there', ['eval', '--run', `${id}@9`, '--db', db], 2, /has no iteration 9 yet; .* to 2\n/],
  ['evaluating an unknown run', ['eval', '--run', 'zzz@1', '--db', db], 2, /there is no run "zzz"/],
  ['evaluating a model that is not there', ['eval', '--model', join(folder, 'no')], 1, /config\.json is missing/],
  ['a model folder without weights', ['sample', '--model', full, '--prompt', 'x'], 1, /config\.json is missing/],
  ['an empty prompt', ['sample', '--prompt', ''], 2, /a prompt is empty/],
  [
    'more tokens than the model has room for',
    ['sample', '--prompt', '<q>', '--max-tokens', '9999'],
    2,
    /256 positions/,
  ],
  ['an empty completion', ['score'], 2, /at least one token each/, '{"prompt": "<q>", "completion": ""}\n'],
  ['a line that is no JSON', ['score'], 1, /stdin line 1: expected a JSON object/, 'what?\n'],
  [
    'training all weights of a model that is too large for any machine here',
    ['run', '--model', vast, '--workers', '32', '--set', 'lora.rank=0', '--db', join(folder, 'none.db')],
    2,
    /needs \d+\.\d GB of memory \(the largest part: .*\) and the machine has .* it takes less with train adapters/,
  ],
  ['a folder with something in it', ['pretrain', '--out', full], 2, /full is not empty; name a new folder/],
];

for (const [claim, args, code, says, input = ''] of REFUSED) {
  test(`${claim} is refused with its mend`, async () => {
    const printed = await rzero(args, input);
    assert.equal(printed.code, code, printed.stderr);
    assert.equal(printed.stdout, '');
    assert.match(printed.stderr, says);
    assert.match(printed.stderr, /^rzero: [^\n]*\n$/);
  });
}

test('resuming from no database makes none', () => {
  assert.equal(existsSync(join(folder, 'none.db')), false);
});

test('a second run on a database in use is refused, and the first one comes to its end unharmed', async () => {
  const shared = join(folder, 'shared.db');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const first = spawn(process.execPath, [MAIN, ...smallRun(shared, { iterations: '4' })], { env, stdio: 'ignore' });
  const closed = once(first, 'close');
  await reached(shared, 1, first);
  for (const args of [smallRun(shared), ['resume', '--db', shared]]) {
    const second = await rzero(args);
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`^rzero: the database .* is in use by process ${first.pid};[^\\n]*\n$`));
  }
  assert.deepEqual(await closed, [0, null]);

  const alone = join(folder, 'alone.db');
  await finishedRun(alone, { iterations: '4' });
  assert.deepEqual(decided(shared), decided(alone));
});
