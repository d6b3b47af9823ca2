import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadBenchmark } from '../../src/benchmarks/load.js';

const folder = mkdtempSync(join(tmpdir(), 'rzero-benchmarks-'));
after(() => rmSync(folder, { recursive: true }));

function written(content: string | Uint8Array): string {
  const file = join(folder, 'items.txt');
  writeFileSync(file, content);
  return file;
}

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

test('lines of GPT-3 arithmetic become questions with answers', () => {
  const file = written(`${GPT3.join('\n')}\n`);
  assert.deepEqual(loadBenchmark('gpt3-arithmetic', file, null), {
    name: 'gpt3-arithmetic',
    domain: 'math',
    file,
    items: [
      { question: 'What is 98 plus 45?', answer: '143', domain: 'math' },
      { question: 'What is 17 minus 30?', answer: '-13', domain: 'math' },
      { question: 'What is (9 + 8) * 2?', answer: '34', domain: 'math' },
    ],
  });
});

test('examples of BIG-Bench Hard become questions with answers', () => {
  const { items, domain } = loadBenchmark('bbh-boolean', written(JSON.stringify(BBH)), null);
  assert.equal(domain, 'general');
  assert.deepEqual(items, [
    { question: 'not ( True ) and ( True ) is', answer: 'False', domain: 'general' },
    { question: 'not not True is', answer: 'True', domain: 'general' },
  ]);
});

test('a byte order mark, CRLF, blank lines and a missing last line end change nothing', () => {
  const plain = loadBenchmark('gpt3-arithmetic', written(`${GPT3.join('\n')}\n`), null);
  assert.deepEqual(loadBenchmark('gpt3-arithmetic', written(`\ufeff${GPT3.join('\r\n\r\n')}`), null), plain);
  const examples = loadBenchmark('bbh-boolean', written(JSON.stringify(BBH)), null);
  const pretty = `\ufeff${JSON.stringify(BBH, null, 2).replaceAll('\n', '\r\n')}`;
  assert.deepEqual(loadBenchmark('bbh-boolean', written(pretty), null), examples);
});

test('a limit takes the first items, and the rest of the file is checked all the same', () => {
  assert.equal(loadBenchmark('gpt3-arithmetic', written(GPT3.join('\n')), 2).items.length, 2);
  assert.equal(loadBenchmark('gpt3-arithmetic', written(GPT3.join('\n')), 50).items.length, 3);
  assert.throws(() => loadBenchmark('gpt3-arithmetic', written(`${GPT3.join('\n')}\n{}`), 1), /line 4/);
});

const [first = '', second = ''] = GPT3;
const MALFORMED: readonly (readonly [string, string, string | Uint8Array, number, RegExp])[] = [
  ['an empty file', 'gpt3-arithmetic', '', 1, /has no items/],
  ['blank lines only', 'gpt3-arithmetic', '\n \n', 1, /has no items/],
  ['a line that is not JSON', 'gpt3-arithmetic', `${first}\nQ: What is 1 plus 1?\n`, 2, /is not JSON/],
  ['a line that was cut', 'gpt3-arithmetic', `${first}\n\n${second.slice(0, 30)}`, 3, /is not JSON/],
  ['a line that is no object', 'gpt3-arithmetic', `${first}\n143\n`, 2, /the top: .*expected object/],
  ['a missing completion', 'gpt3-arithmetic', '{"context": "\\n\\nQ: What is 1 plus 1?\\n\\nA:"}', 1, /completion: /],
  ['a number as completion', 'gpt3-arithmetic', '{"context": "Q: a?\\nA:", "completion": 2}', 1, /completion: /],
  [
    'an empty completion',
    'gpt3-arithmetic',
    `${first}\n${line('What is 1 plus 1?', ' ')}`,
    2,
    /answer in "completion"/,
  ],
  ['a context in other wording', 'gpt3-arithmetic', '{"context": "1 + 1 =", "completion": " 2"}', 1, /got "1 \+ 1 ="/],
  [
    'a context without question',
    'gpt3-arithmetic',
    '{"context": "\\n\\nQ: \\n\\nA:", "completion": " 2"}',
    1,
    /expected "context"/,
  ],
  ['bytes that are not UTF-8', 'gpt3-arithmetic', new Uint8Array([0x0d, 0x0a, 0x7b, 0xff, 0xfe]), 2, /is not UTF-8/],
  ['JSON lines instead of one object', 'bbh-boolean', GPT3.join('\n'), 2, /is not JSON/],
  [
    'a wrong token in long JSON',
    'bbh-boolean',
    `{\n"canary": "a long text in front of it",\n"examples": [\nnot, "and a long text behind it"]}`,
    4,
    /is not JSON/,
  ],
  ['JSON that was cut', 'bbh-boolean', `{"examples":\n[{"input":`, 2, /is not JSON/],
  ['JSON without examples', 'bbh-boolean', '{"canary": "x"}', 1, /examples: /],
  ['no examples', 'bbh-boolean', '{"examples": []}', 1, /has no items/],
  [
    'an example without target',
    'bbh-boolean',
    '{\n"examples": [{"input": "True is", "target": "True"}, {"input": "True is"}]}',
    2,
    /examples\[1\]\.target/,
  ],
  [
    'an example with an empty input',
    'bbh-boolean',
    '{"examples": [{"input": " ", "target": "True"}]}',
    1,
    /examples\[0\]\.input: expected a question/,
  ],
];
for (const [what, benchmark, content, lineNumber, message] of MALFORMED) {
  test(`${what} is refused with file and line`, () => {
    const file = written(content);
    assert.throws(
      () => loadBenchmark(benchmark, file, null),
      (error: unknown) => {
        assert.ok(error instanceof Error && 'details' in error);
        assert.equal(error.name, 'BenchmarkFileError');
        assert.deepEqual(error.details, { file, line: lineNumber });
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(`${file}, line ${lineNumber}: `));
        return true;
      },
    );
  });
}

test('a file that is not there, a folder and a huge file are refused by name', () => {
  const refused = (file: string, message: RegExp) =>
    assert.throws(() => loadBenchmark('gpt3-arithmetic', file, null), { name: 'BenchmarkFileError', message });
  refused(join(folder, 'none.jsonl'), /none\.jsonl does not exist/);
  refused(folder, /cannot be read \(EISDIR\)/);
  const huge = written('');
  truncateSync(huge, 33 * 1024 * 1024);
  refused(huge, /has 34603008 bytes; at most 33554432 are read/);
});

test('an unknown benchmark is refused with the nearest name', () => {
  assert.throws(() => loadBenchmark('gpt3-arithmetics', 'x', null), {
    name: 'UsageError',
    message: /unknown benchmark "gpt3-arithmetics"; did you mean "gpt3-arithmetic"\?/,
  });
});
