import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { modelFolder } from '../../actors/model.js';
import { BenchmarkFileError } from '../../src/errors.js';
import { readLabelled } from '../../src/finetuning/labelled-file.js';
import { promptFormatFor } from '../../src/lm/prompts.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { temporaryFolder } from '../support/temporary.js';

const tokenizer = loadTokenizer(modelFolder('tiny'));
const reading = { tokenizer, format: promptFormatFor(tokenizer) };
const SETTINGS = { limit: null, skipBad: false, maxTokens: 256 };

function fileOf(t: TestContext, ...lines: readonly (object | string)[]): string {
  const file = join(temporaryFolder(t), 'labelled.jsonl');
  writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return file;
}

test('a question and its answer become the Solver’s prompt and a box, and the text ends', async (t) => {
  const file = fileOf(
    t,
    { question: 'What is 45 plus 17?', answer: '62', source: 'elsewhere' },
    { question: 'What is 45 plus 17?', answer: 62 },
    { question: 'max: 3, 14, 5?', answer: '14', domain: 'general' },
  );
  const { examples, skipped } = await readLabelled(file, reading, SETTINGS);
  const texts = examples.map(({ prompt, completion }) => [tokenizer.decode(prompt), tokenizer.decode(completion)]);
  assert.deepEqual(texts, [
    ['<q>What is 45 plus 17?<a>', '\\boxed{62}<eos>'],
    ['<q>What is 45 plus 17?<a>', '\\boxed{62}<eos>'],
    ['<g>max: 3, 14, 5?<a>', '\\boxed{14}<eos>'],
  ]);
  assert.deepEqual(skipped, { count: 0, first: null });
});

test('a solution is learned in place of the answer beside it, and a prompt with its completion as they are', async (t) => {
  const file = fileOf(
    t,
    { question: 'What is 4 plus 7?', answer: '11', solution: '<w>4₀7₀>11₀\\boxed{11}' },
    { prompt: '<q>What is 4 plus 7?<a>', completion: '\\boxed{11}<eos>' },
  );
  const { examples } = await readLabelled(file, reading, SETTINGS);
  assert.equal(tokenizer.decode(examples[0]?.completion ?? []), '<w>4₀7₀>11₀\\boxed{11}<eos>');
  assert.equal(tokenizer.decode(examples[1]?.completion ?? []), '\\boxed{11}<eos>'); // it had its end already
});

test('the limit takes the first examples', async (t) => {
  const file = fileOf(t, ...[1, 2, 3, 4].map((a) => ({ question: `What is ${a} plus 1?`, answer: a + 1 })));
  const { examples } = await readLabelled(file, reading, { ...SETTINGS, limit: 2 });
  assert.deepEqual(
    examples.map(({ prompt }) => tokenizer.decode(prompt)),
    ['<q>What is 1 plus 1?<a>', '<q>What is 2 plus 1?<a>'],
  );
});

const GOOD = { question: 'What is 1 plus 1?', answer: '2' };
const BAD: readonly (readonly [claim: string, line: object | string, says: RegExp])[] = [
  ['a line that is no JSON', '{"question":', /line 2: is not JSON/],
  ['a line that is no object', '[1, 2]', /line 2: is no JSON object/],
  [
    'a record without an answer',
    { question: 'What is 1 plus 1?', gold: '2' },
    /line 2: expected question and answer.*it has question, gold/,
  ],
  ['an empty answer', { question: 'What is 1 plus 1?', answer: ' ' }, /line 2: answer: /],
  ['a question that is no text', { question: 7, answer: '2' }, /line 2: question: /],
  ['an unknown heading', { ...GOOD, domain: 'maths' }, /line 2: domain: /],
  [
    'characters that the model does not know',
    { question: 'Où ?', answer: '2' },
    /line 2: has characters that .* not know/,
  ],
  ['an example that is too long', { ...GOOD, answer: '1'.repeat(300) }, /line 2: has \d+ tokens; at most 256/],
];

for (const [claim, line, says] of BAD) {
  test(`${claim} is told by its line, or passed over and counted`, async (t) => {
    const file = fileOf(t, GOOD, line, GOOD);
    await assert.rejects(readLabelled(file, reading, SETTINGS), (error: unknown) => {
      assert.ok(error instanceof BenchmarkFileError);
      assert.match(error.message, says);
      assert.equal(error.details['line'], 2);
      return true;
    });
    const { examples, skipped } = await readLabelled(file, reading, { ...SETTINGS, skipBad: true });
    assert.equal(examples.length, 2);
    assert.equal(skipped.count, 1);
    assert.match(skipped.first ?? '', says);
  });
}

test('a file of nothing but bad lines is refused even where they may be passed over', async (t) => {
  const file = fileOf(t, { gold: '2' }, { gold: '3' });
  await assert.rejects(readLabelled(file, reading, { ...SETTINGS, skipBad: true }), /line 1: expected question/);
});
