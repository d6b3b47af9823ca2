import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type LoadedBenchmark, loadBenchmark } from '../../src/benchmarks/load.js';

const folder = mkdtempSync(join(tmpdir(), 'rzero-benchmarks-'));
after(() => rmSync(folder, { recursive: true }));

function written(content: string | Uint8Array): string {
  const file = join(folder, 'items.txt');
  writeFileSync(file, content);
  return file;
}

const load = (name: string, file: string, limit: number | null = null): Promise<LoadedBenchmark> =>
  loadBenchmark(name, file, { limit, skipBad: false });

const line = (question: string, answer: string) =>
  JSON.stringify({ context: `\n\nQ: ${question}\n\nA:`, completion: ` ${answer}` });
const GPT3 = [
  line('What is 98 plus 45?', '143'),
  line('What is 17 minus 30?', '-13'),
  line('What is (9 + 8) * 2?', '34'),
];
const BBH = {
  canary: 'not to be trained on',
  examples: [
    { input: 'not ( True ) and ( True ) is', target: 'False' },
    { input: 'not not True is', target: 'True' },
  ],
};

test('lines of GPT-3 arithmetic become questions with answers', async () => {
  const content = `${GPT3.join('\n')}\n`;
  const file = written(content);
  assert.deepEqual(await load('gpt3-arithmetic', file), {
    name: 'gpt3-arithmetic',
    domain: 'math',
    rule: 'value',
    metrics: ['greedy', 'mean@1'],
    file,
    fileSha256: createHash('sha256').update(content).digest('hex'),
    skipped: { count: 0, first: null },
    items: [
      { question: 'What is 98 plus 45?', answer: '143', domain: 'math' },
      { question: 'What is 17 minus 30?', answer: '-13', domain: 'math' },
      { question: 'What is (9 + 8) * 2?', answer: '34', domain: 'math' },
    ],
  });
});

test('examples of BIG-Bench Hard become questions with answers', async () => {
  const { items, domain } = await load('bbh-boolean', written(JSON.stringify(BBH)));
  assert.equal(domain, 'general');
  assert.deepEqual(items, [
    { question: 'not ( True ) and ( True ) is', answer: 'False', domain: 'general' },
    { question: 'not not True is', answer: 'True', domain: 'general' },
  ]);
});

test('a byte order mark, CRLF, blank lines and a missing last line end change nothing', async () => {
  const itemsOf = async (name: string, content: string) => (await load(name, written(content))).items;
  const plain = await itemsOf('gpt3-arithmetic', `${GPT3.join('\n')}\n`);
  assert.deepEqual(await itemsOf('gpt3-arithmetic', `\ufeff${GPT3.join('\r\n\r\n')}`), plain);
  const examples = await itemsOf('bbh-boolean', JSON.stringify(BBH));
  const pretty = `\ufeff${JSON.stringify(BBH, null, 2).replaceAll('\n', '\r\n')}`;
  assert.deepEqual(await itemsOf('bbh-boolean', pretty), examples);
});

test('a limit takes the first items, and the rest of the file is checked all the same', async () => {
  assert.equal((await load('gpt3-arithmetic', written(GPT3.join('\n')), 2)).items.length, 2);
  assert.equal((await load('gpt3-arithmetic', written(GPT3.join('\n')), 50)).items.length, 3);
  await assert.rejects(load('gpt3-arithmetic', written(`${GPT3.join('\n')}\n{}`), 1), /line 4/);
});

test('with skipBad, malformed records are passed over and counted, with what is wrong with the first', async () => {
  const file = written(`${GPT3[0]}\nnot JSON\n{"context": 7}\n${GPT3[1]}\n`);
  const { items, skipped } = await loadBenchmark('gpt3-arithmetic', file, { limit: null, skipBad: true });
  assert.deepEqual(
    items.map(({ answer }) => answer),
    ['143', '-13'],
  );
  assert.deepEqual(skipped, { count: 2, first: `${file}, line 2: is not JSON` });
});

test('a file in which every record is malformed is refused also with skipBad', async () => {
  const settings = { limit: null, skipBad: true };
  await assert.rejects(loadBenchmark('gpt3-arithmetic', written('a\nb\n'), settings), /line 1: is not JSON/);
});

const [first = '', second = ''] = GPT3;
const MALFORMED: readonly (readonly [string, string, string | Uint8Array, number, RegExp])[] = [
  ['an empty file', 'gpt3-arithmetic', '', 1, /is empty/],
  ['blank lines only', 'gpt3-arithmetic', '\n \n', 1, /is empty/],
  ['a line that is not JSON', 'gpt3-arithmetic', `${first}\nQ: What is 1 plus 1?\n`, 2, /is not JSON/],
  ['a line that was cut', 'gpt3-arithmetic', `${first}\n\n${second.slice(0, 30)}`, 3, /is not JSON/],
  ['a line that is no object', 'gpt3-arithmetic', `${first}\n143\n`, 2, /the record: expected object/],
  ['a missing completion', 'gpt3-arithmetic', '{"context": "\\n\\nQ: What is 1 plus 1?\\n\\nA:"}', 1, /completion: /],
  ['a number as completion', 'gpt3-arithmetic', '{"context": "Q: a?\\nA:", "completion": 2}', 1, /completion: /],
  [
    'an empty completion',
    'gpt3-arithmetic',
    `${first}\n${line('What is 1 plus 1?', ' ')}`,
    2,
    /completion: expected an answer, got none/,
  ],
  ['a context in other wording', 'gpt3-arithmetic', '{"context": "1 + 1 =", "completion": " 2"}', 1, /got "1 \+ 1 ="/],
  [
    'a context without question',
    'gpt3-arithmetic',
    '{"context": "\\n\\nQ: \\n\\nA:", "completion": " 2"}',
    1,
    /context: expected a text like/,
  ],
  ['bytes that are not UTF-8', 'gpt3-arithmetic', new Uint8Array([0x0d, 0x0a, 0x7b, 0xff, 0xfe]), 2, /is not UTF-8/],
  [
    'a file of another benchmark',
    'bbh-boolean',
    GPT3.join('\n'),
    1,
    /input: expected string, got none among "context", "completion"; it looks like a record of gpt3-arithmetic/,
  ],
  [
    'a wrong token in long JSON',
    'bbh-boolean',
    `{\n"canary": "a long text in front of it",\n"examples": [\nnot, "and a long text behind it"]}`,
    4,
    /is not JSON/,
  ],
  ['JSON that was cut', 'bbh-boolean', `{"examples":\n[{"input":`, 2, /is not JSON/],
  ['JSON without examples', 'bbh-boolean', '{"canary": "x"}', 1, /input: expected string, got none among "canary"/],
  ['examples that are no list', 'bbh-boolean', '{"examples": 3}', 1, /examples: expected a list/],
  ['no examples', 'bbh-boolean', '{"examples": []}', 1, /has no items/],
  [
    'an example without target',
    'bbh-boolean',
    '{\n"examples": [{"input": "True is [", "target": "True"},\n {"input": "True is"}]}',
    3,
    /examples\[1\]: target: expected string/,
  ],
  [
    'an example with an empty input',
    'bbh-boolean',
    '{"examples": [{"input": " ", "target": "True"}]}',
    1,
    /examples\[0\]: input: expected a text, got an empty one/,
  ],
];
for (const [what, benchmark, content, lineNumber, message] of MALFORMED) {
  test(`${what} is refused with file and line`, async () => {
    const file = written(content);
    await assert.rejects(load(benchmark, file), (error: unknown) => {
      assert.ok(error instanceof Error && 'details' in error);
      assert.equal(error.name, 'BenchmarkFileError');
      assert.deepEqual(error.details, { file, line: lineNumber });
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`${file}, line ${lineNumber}`));
      return true;
    });
  });
}

test('a file that is not there, a folder and a huge file are refused by name', async () => {
  const refused = (file: string, message: RegExp) =>
    assert.rejects(load('gpt3-arithmetic', file), { name: 'BenchmarkFileError', message });
  await refused(join(folder, 'none.jsonl'), /none\.jsonl does not exist/);
  await refused(folder, /cannot be read \(EISDIR\)/);
  const huge = written('');
  truncateSync(huge, 257 * 1024 * 1024);
  await refused(huge, /has 269484032 bytes; at most 268435456 are read/);
});

test('an unknown benchmark is refused with the nearest name', async () => {
  await assert.rejects(load('gpt3-arithmetics', 'x'), {
    name: 'UsageError',
    message: /unknown benchmark "gpt3-arithmetics"; did you mean "gpt3-arithmetic"\?/,
  });
});
