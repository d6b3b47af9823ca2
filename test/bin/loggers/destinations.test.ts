import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NOBODY } from '../../../actors/follower.js';
import { together } from '../../../bin/followers.js';
import { logFollower } from '../../../bin/loggers/log-follower.js';
import { smallRun } from '../../actors/support.js';
import { database } from '../../storage/support.js';
import { rzero } from '../../support/command-line.js';
import { temporaryFolder } from '../../support/temporary.js';

test('a log that can not be kept is refused before the run starts', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'dir'));
  writeFileSync(join(folder, 'notes.txt'), 'Dear diary\n');
  const refusals: readonly (readonly [log: readonly string[], sentence: RegExp])[] = [
    [['wandb:x'], /'wandb:x' is invalid\. Expected jsonl:FILE or tensorboard:DIR; see rzero run --help/],
    [['jsonl:'], /Expected jsonl:FILE or tensorboard:DIR/],
    [[`jsonl:${folder}/dir`], /--log jsonl:.*dir: not a file; name a file to append to/],
    [[`jsonl:${folder}/none/log`], /there is no folder .*none; make it first/],
    [[`jsonl:${folder}/notes.txt`], /notes\.txt line 1 is no JSON object: a log goes into a file of its own/],
    [[`tensorboard:${folder}/notes.txt`], /notes\.txt is not a folder; event files go into one/],
    [[`tensorboard:${folder}/notes.txt/deeper`], /notes\.txt is not a folder/],
    [[`jsonl:${folder}/a`, `jsonl:${folder}/dir/../a`], /is named twice; once is enough/],
  ];
  const db = join(folder, 'run.db');
  for (const [logs, sentence] of refusals) {
    const { code, stderr } = await rzero([...smallRun(db), ...logs.flatMap((log) => ['--log', log])]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
  assert.equal(existsSync(db), false);
});

test('a log that fails while the run goes is told of once, and the others go on', async (t) => {
  const db = database(t, 'r1');
  const [said, heard]: [string[], string[]] = [[], []];
  const folder = temporaryFolder(t); // as a file, it can't be opened
  const log = await logFollower(db.path, { kind: 'jsonl', place: folder });
  const other = { ...NOBODY, name: 'other', onFact: ({ type }: { type: string }) => heard.push(type), close: () => {} };
  const all = together([log, other], (text) => said.push(text));
  all.onBegin('r1');
  all.onFact({ type: 'run.paused' });
  all.onFact({ type: 'run.resumed' });
  all.close();
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^--log jsonl:.* failed and is left out from here on: EISDIR/);
  assert.deepEqual(heard, ['run.paused', 'run.resumed']);
});
