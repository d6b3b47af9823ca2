import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { promptFormatFor } from '../../src/lm/prompts.js';
import { loadTokenizer, type Tokenizer } from '../../src/lm/tokenizer.js';
import { tokenizerFolder } from '../support/byte-level.js';

const CHAT =
  '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';
const EXAMPLES = [
  { question: 'What is 1+1?', solution: 'One more is \\boxed{2}' },
  { question: 'What is 2+2?', solution: '\\boxed{4}' },
];

const tokenizerWith = (t: TestContext, config: object): Tokenizer =>
  loadTokenizer(tokenizerFolder(t, ['<bos>', '<|im_end|>'], { 'tokenizer_config.json': config }));

test('with a chat template, examples are turns of the conversation', (t) => {
  const format = promptFormatFor(tokenizerWith(t, { chat_template: CHAT }));
  assert.match(
    format.fewShotPrompt(EXAMPLES, 'What is 3+3?', 'math'),
    /^<system>[^<]*<user>What is 1\+1\?<assistant>One more is \\boxed\{2\}<user>What is 2\+2\?<assistant>\\boxed\{4\}<user>What is 3\+3\?<assistant>$/,
  );
  assert.deepEqual(format.turnMarks, []);
});

test('without one, examples are turns of a text, and an answer ends ahead of the next turn', (t) => {
  const format = promptFormatFor(tokenizerWith(t, {}));
  assert.match(
    format.fewShotPrompt(EXAMPLES.slice(1), 'What is 3+3?', 'math'),
    /^system: [^\n]*\nuser: What is 2\+2\?\nassistant: \\boxed\{4\}\nuser: What is 3\+3\?\nassistant:$/,
  );
  assert.deepEqual(format.turnMarks, ['\nuser:', '\nsystem:']);
});

test('in the embedded format, examples are whole texts ahead of the question', () => {
  const format = promptFormatFor(loadTokenizer('models/tiny'));
  assert.equal(
    format.fewShotPrompt(EXAMPLES, 'What is 3+3?', 'general'),
    '<g>What is 1+1?<a>One more is \\boxed{2}<eos><g>What is 2+2?<a>\\boxed{4}<eos><g>What is 3+3?<a>',
  );
});

test('without examples, the prompt is the one that the Solver is trained on', (t) => {
  for (const tokenizer of [
    tokenizerWith(t, { chat_template: CHAT }),
    tokenizerWith(t, {}),
    loadTokenizer('models/tiny'),
  ]) {
    const format = promptFormatFor(tokenizer);
    assert.equal(format.fewShotPrompt([], 'What is 3+3?', 'math'), format.solverPrompt('What is 3+3?', 'math'));
  }
});
