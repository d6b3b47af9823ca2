import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tokenizerFolder } from '../support/byte-level.js';
import { rzero } from '../support/command-line.js';
import { fakeHub } from '../support/fake-hub.js';
import { scriptedCheckpoint } from '../support/scripted-checkpoint.js';
import { temporaryFolder } from '../support/temporary.js';

const line = (a: number, b: number): string =>
  JSON.stringify({ context: `\n\nQ: What is ${a} plus ${b}?\n\nA:`, completion: ` ${a + b}` });
const LINES = Array.from({ length: 12 }, (_, i) => line(100 + 37 * i, 905 - 41 * i)); // three digits: some are missed

interface Evaluated {
  readonly evaluation: string | null;
  readonly scores: readonly {
    readonly score: number;
    readonly items: number;
    readonly protocol: { readonly shots: number };
  }[];
}

test('an evaluation is kept: its failures are shown, it is graded again and compared', async (t) => {
  const folder = temporaryFolder(t);
  const [db, file] = [join(folder, 'runs.db'), join(folder, 'items.jsonl')];
  writeFileSync(file, LINES.join('\n'));
  const evaluated = async (...args: readonly string[]): Promise<Evaluated> => {
    const benchmark = ['--benchmark', `gpt3-arithmetic=${file}`, '--db', db, '--json'];
    const { code, stdout, stderr } = await rzero(['eval', ...benchmark, ...args]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Evaluated;
  };
  const first = await evaluated();
  const second = await evaluated('--shots', '2');
  const id = first.evaluation ?? '';
  assert.deepEqual([first.scores[0]?.protocol.shots, second.scores[0]?.protocol.shots], [0, 2]);

  const shown = JSON.parse(
    (await rzero(['show', '--failures', id, '--db', db, '--json', '--questions', '3'])).stdout,
  ) as {
    readonly failures: readonly { readonly is_right: number }[];
    readonly failureCount: number;
  };
  const wrong = first.scores.reduce((sum, { score, items }) => sum + Math.round((items * (100 - score)) / 100), 0);
  assert.equal(shown.failureCount, wrong);
  assert.equal(shown.failures.length, Math.min(3, wrong));
  assert.ok(shown.failures.every((failure) => failure.is_right === 0));

  const again = await rzero(['rescore', id, '--db', db]);
  assert.match(again.stdout, /graded again: recorded/);
  assert.match(again.stdout, /gpt3-arithmetic +greedy +12/);

  const refused = await rzero(['compare', id, second.evaluation ?? '', '--db', db]);
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /^rzero: .* differ in shots \(0 and 2\) on gpt3-arithmetic, greedy; evaluate both alike/,
  );
  const same = await rzero(['compare', id, id, '--db', db]);
  assert.match(same.stdout, /gpt3-arithmetic +greedy +12 .*\+0\.0 ±0\.0/);
});

test('the table of scores stands with its protocol, and --no-store keeps nothing', async (t) => {
  const folder = temporaryFolder(t);
  const [db, file] = [join(folder, 'runs.db'), join(folder, 'items.jsonl')];
  writeFileSync(file, LINES.join('\n'));
  const { stdout } = await rzero(['eval', '--benchmark', `gpt3_arithmetic=${file}`, '--no-store', '--db', db]);
  assert.match(stdout, /\ngreedy: 0 shots, temperature 0, up to 72 tokens, seed 0, grader 1, prompt [0-9a-f]{8}\n/);
  assert.equal((await rzero(['show', '--failures', '--db', db])).code, 1); // there is no database
});

test('malformed lines are told with their number, and --skip-bad counts them', async (t) => {
  const file = join(temporaryFolder(t), 'items.jsonl');
  writeFileSync(file, `${LINES[0]}\n{"context": "?"}\nnot JSON\n`);
  const args = ['eval', '--no-store', '--benchmark', `gpt3-arithmetic=${file}`];
  const refused = await rzero(args);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /items\.jsonl, line 2: completion: expected string, got none among "context"/);
  const skipped = await rzero([...args, '--skip-bad']);
  assert.match(skipped.stderr, /items\.jsonl: 2 records passed over; the first: .*line 2: completion/);
  assert.match(skipped.stdout, /gpt3-arithmetic .* greedy +1 /);
});

test('a base model without a chat template is asked in plain text, and stops ahead of the next turn', async (t) => {
  const folder = temporaryFolder(t);
  const [model, db, file] = [join(folder, 'model'), join(folder, 'runs.db'), join(folder, 'test.jsonl')];
  // After "assistant:" it boxes a 7 and goes on with a turn of the user, and so on without end.
  const says = ':\\fbox{7}\nuser:';
  const script = Object.fromEntries([...says.slice(0, -1)].map((character, i) => [character, [says[i + 1] ?? '']]));
  const specials = ['<bos>', '<|im_end|>'];
  scriptedCheckpoint(model, tokenizerFolder(t, specials, { 'tokenizer_config.json': {} }), 98, script);
  const items = [7, 8].map((answer) => JSON.stringify({ question: `What is ${answer}?`, answer: `#### ${answer}` }));
  writeFileSync(file, items.join('\n'));
  const args = ['--benchmark', `gsm8k=${file}`, '--shots', '2', '--max-tokens', '60', '--db', db, '--json'];
  const { code, stdout, stderr } = await rzero(['eval', '--model', model, ...args]);
  assert.equal(code, 0, stderr);
  const { scores } = JSON.parse(stdout) as {
    readonly scores: readonly { readonly score: number; readonly protocol: { readonly stops: readonly string[] } }[];
  };
  assert.deepEqual(
    scores.map(({ score, protocol }) => [score, protocol.stops]),
    [[50, ['\nuser:', '\nsystem:']]],
  );
  const shown = await rzero(['show', '--failures', '--db', db, '--json']);
  const { failures } = JSON.parse(shown.stdout) as { readonly failures: readonly Record<string, unknown>[] };
  assert.deepEqual(
    failures.map(({ gold, extracted, text, tokens, finished }) => ({ gold, extracted, text, tokens, finished })),
    [{ gold: '8', extracted: '7', text: '\\fbox{7}', tokens: 14, finished: 1 }],
  );
});

test('a benchmark that is only named is downloaded, and a wrong file is refused in one sentence', async (t) => {
  const hub = await fakeHub(t, (_, response) => response.end('{}'));
  const cache = join(temporaryFolder(t), 'cache');
  const args = ['eval', '--no-store', '--benchmark', 'math500', '--hub', hub.url, '--cache', cache];
  const { code, stderr } = await rzero(args);
  assert.equal(code, 1);
  assert.match(stderr, /^rzero: http.*\/HuggingFaceH4\/MATH-500\/.*is not the file that was expected/);
  const none = await rzero(['eval', '--no-store', '--benchmark', 'svamp', '--hub', hub.url]);
  assert.match(none.stderr, /--benchmark wants NAME=FILE for svamp: the hub has no one file of it/);
  assert.equal(hub.asked.length, 1);
});
