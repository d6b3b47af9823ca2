import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rzero } from '../support/command-line.js';

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

test('each pair of answers gives one verdict, in order', async () => {
  const pairs = [
    { gold: '1/2', answer: '0.5' },
    { gold: '42', answer: '43' },
    { gold: '7', answer: '7', id: 'fields that are not asked for are passed over' },
  ];
  const { code, stdout, stderr } = await rzero(['grade'], pairs.map(line).join(''));
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, '{"equal":true}\n{"equal":false}\n{"equal":true}\n');
});

test('--extract gives the content of the last box, or null', async () => {
  const texts = ['so \\boxed{1} no \\boxed{\\frac{1}{2}}', 'no box', 'cut \\boxed{1'];
  const { stdout } = await rzero(['grade', '--extract'], texts.map((text) => line({ text })).join(''));
  assert.equal(stdout, '{"boxed":"\\\\frac{1}{2}"}\n{"boxed":null}\n{"boxed":null}\n');
});

test('a file is read as stdin is: with a byte order mark, Windows line ends, blank lines and no last line end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-grade-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'answers.jsonl');
  writeFileSync(file, '\ufeff{"gold": "é", "answer": "é"}\r\n\r\n{"gold": "1", "answer": "2"}');
  const { code, stdout } = await rzero(['grade', '--in', file]);
  assert.deepEqual([code, stdout], [0, '{"equal":true}\n{"equal":false}\n']);
});

test('no input gives no output', async () => {
  assert.deepEqual(await rzero(['grade']), { code: 0, stdout: '', stderr: '' });
});

test('a line that is not JSON ends it with the number of the line, after the verdicts before', async () => {
  const { code, stdout, stderr } = await rzero(['grade'], `${line({ gold: '1', answer: '1' })}\n{"gold": 1`);
  assert.deepEqual([code, stdout], [1, '{"equal":true}\n']);
  assert.match(stderr, /^rzero: stdin line 3: expected a JSON object, got "\{\\"gold\\": 1"/);
});

test('a line without an answer ends it with the name of the field', async () => {
  const { code, stderr } = await rzero(['grade'], line({ gold: '1' }));
  assert.equal(code, 1);
  assert.match(stderr, /^rzero: stdin line 1: "answer": expected string/);
});

test('ten thousand lines come out as ten thousand verdicts', async () => {
  const input = Array.from({ length: 10_000 }, (_, i) => line({ gold: String(i), answer: String(i - (i % 2)) })).join(
    '',
  );
  const { code, stdout } = await rzero(['grade'], input);
  const verdicts = stdout.trimEnd().split('\n');
  assert.deepEqual([code, verdicts.length], [0, 10_000]);
  assert.equal(verdicts.filter((verdict) => verdict === '{"equal":true}').length, 5000); // the even ones
});

test('hostile lines among others get their verdict and hold up none', async () => {
  const answers = ['5', '9^9^9^9', '{'.repeat(100_000), '9'.repeat(1_000_000), '\\sqrt{'.repeat(50_000), '10/2'];
  const { code, stdout } = await rzero(['grade'], answers.map((answer) => line({ gold: '5', answer })).join(''));
  const expected = answers.map((_, i) => ({ equal: i === 0 || i === answers.length - 1 }));
  assert.deepEqual([code, stdout], [0, expected.map(line).join('')]);
});

test('a reader that leaves early ends it without a word', async () => {
  const main = fileURLToPath(new URL('../../bin/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'grade'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdout.destroy();
  child.stdin.end(line({ gold: '1', answer: '1' }).repeat(50_000));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.deepEqual([code, stderr], [0, '']);
});
