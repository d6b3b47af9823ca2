import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MAIN, query, smallRun, TINY, workFolder } from './actors/support.js';
import { textServer } from './support/engine-server.js';

/**
 * Runs what the README says can be typed, line by line as it stands, in a folder that has what a reader would have: runs, a
 * checkpoint, benchmark files, a server. Runs are made small by settings that are put behind each `rzero run`; the ids of the
 * README's runs and questions are replaced by true ones.
 */

const README = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const LINES = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
  block.trimEnd().split('\n'),
);
/** What takes hours, or is these tests themselves. */
const NOT_HERE = /^npm (?:test|run experiment:)/;
/** Commands that go on until they are told to stop: once they have said this, Ctrl-C, and then they end with the code. */
const GOES_ON: Readonly<Record<string, { readonly said: RegExp; readonly code: number }>> = {
  dashboard: { said: /dashboard of/, code: 0 },
  pretrain: { said: /pretrain/, code: 130 },
};

const folder = workFolder();
let serverUrl = '';
const releases: (() => unknown)[] = [];

before(async () => {
  mkdirSync(join(folder, 'bin'));
  const [, ...small] = smallRun('').filter((arg) => arg.includes('='));
  const settings = [
    ...small,
    'iterations=1',
    'workers=1',
    ...['rl.challenger', 'rl.solver', 'evaluation'].map((place) => `${place}.maxTokens=24`),
  ].flatMap((setting) => ['--set', `'${setting}'`]);
  const script = `#!/bin/bash
if [[ $1 == run ]]; then set -- "$@" ${settings.join(' ')}; fi
if [[ $1 == bench ]]; then set -- "$@" --workers 1 --sequences 8; fi
exec '${process.execPath}' '${MAIN}' "$@"
`;
  writeFileSync(join(folder, 'bin/rzero'), script, { mode: 0o755 });
  cpSync(TINY, join(folder, 'my-tiny'), { recursive: true });
  checkpointWithChat(join(folder, 'models/Qwen3-0.6B'));
  const write = (name: string, ...records: readonly object[]): void =>
    writeFileSync(join(folder, name), `${records.map((record) => JSON.stringify(record)).join('\n')}\n`);
  write('two_digit_addition.jsonl', { context: 'Q: What is 45 plus 17?\nA:', completion: '62' });
  write('test.jsonl', { question: 'Tom has 2 apples and 3 pears. How many?', answer: '2 + 3 = 5\n#### 5' });
  write('SVAMP.json', { ID: '1', Body: 'Tom has 5.', Question: 'How many?', Equation: '5', Answer: 5, Type: 'x' });
  write('labelled.jsonl', { question: 'What is 45 plus 17?', answer: '62' });
  write('pairs.jsonl', { prompt: '<q>What is 45 plus 17?<a>', completion: '\\boxed{62}<eos>' });
  // A run that waits to be resumed, behind one that is whole.
  assert.equal((await shell('./bin/rzero run --quiet', null)).code, 0);
  assert.equal((await shell('./bin/rzero run', { said: /base/ })).code, 130);
  serverUrl = (await textServer({ after: (release) => releases.push(release) }, TINY)).place.url;
});

after(async () => {
  for (const release of releases.toReversed()) await release();
});

test('the README has lines to run', () => {
  assert.ok(LINES.length > 20);
});

for (const line of LINES.filter((each) => !NOT_HERE.test(each))) {
  test(`it can be typed: ${line}`, { timeout: 300_000 }, async () => {
    const goesOn = GOES_ON[/rzero (\w+)/.exec(line)?.[1] ?? ''] ?? null;
    const { code, printed } = await shell(trueNames(line), goesOn);
    assert.equal(code, goesOn?.code ?? 0, printed);
  });
}

/** The line with ids of this folder's first run, which is whole, and of one of its questions. */
function trueNames(line: string): string {
  const db = join(folder, 'rzero.db');
  const [run] = query<{ run_id: string }>(db, "SELECT run_id FROM run_history WHERE status = 'done' LIMIT 1");
  const [question] = query<{ question_id: number }>(db, 'SELECT question_id FROM curriculum LIMIT 1');
  return line
    .replaceAll('r7f3k2@3', 'r7f3k2@1')
    .replaceAll('r7f3k2', run?.run_id ?? '')
    .replace('--question 1234', `--question ${question?.question_id}`)
    .replace('http://127.0.0.1:8000/v1', serverUrl)
    .replace('pretrain --out ./my-tiny', 'pretrain --out ./another-tiny'); // the reader has made it by then
}

/** Types a line into a shell in the folder. With `until`, it is interrupted as Ctrl-C does when it has said that. */
async function shell(
  line: string,
  until: { readonly said: RegExp } | null,
): Promise<{ readonly code: number | null; readonly printed: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn('bash', ['-c', line], {
    cwd: folder,
    env: { ...env, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  let told = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (told || until === null || !until.said.test(printed) || child.pid === undefined) return;
      told = true;
      process.kill(-child.pid, 'SIGINT');
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, printed };
}

/** The embedded model with a chat template, which it does not have. */
function checkpointWithChat(to: string): void {
  cpSync(TINY, to, { recursive: true });
  const file = join(to, 'tokenizer_config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  const template = '{% for message in messages %}<q>{{ message.content }}{% endfor %}<a>';
  writeFileSync(file, JSON.stringify({ ...config, chat_template: template }));
}
