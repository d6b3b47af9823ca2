import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { oracleAnswer } from '../../src/grading/oracle.js';
import { promptFormatFor } from '../../src/lm/prompts.js';
import { loadTokenizer, type Tokenizer } from '../../src/lm/tokenizer.js';
import { tokenizerFolder } from '../support/byte-level.js';
import { type TrueTokenizer, trueTokenizerFolder } from '../support/true-tokenizers.js';

const SPECIALS = ['<bos>', '<|im_end|>'];
const CHAT =
  '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';

function tokenizerWith(t: TestContext, config: object): Tokenizer {
  return loadTokenizer(tokenizerFolder(t, SPECIALS, { 'tokenizer_config.json': config }));
}
function trueTokenizer(t: TestContext, name: TrueTokenizer): Tokenizer | null {
  const folder = trueTokenizerFolder(t, name);
  return folder === null ? null : loadTokenizer(folder);
}

test('with a chat template, the Solver is asked by a system and a user message', (t) => {
  const format = promptFormatFor(tokenizerWith(t, { chat_template: CHAT }));
  assert.match(
    format.solverPrompt('What is 2+2?', 'math'),
    /^<system>[^<]*step by step[^<]*\\boxed\{\}\.<user>What is 2\+2\?<assistant>$/,
  );
  assert.equal(format.solverPrompt('x', 'general'), format.solverPrompt('x', 'math'));
});

test('with a chat template, the Challenger is told to write one question in its marks and its answer in a box', (t) => {
  const { challengerPrompt } = promptFormatFor(tokenizerWith(t, { chat_template: CHAT }));
  assert.match(
    challengerPrompt,
    /^<system>.*\n<question>\n[^<]*\n<\/question>\n\n\\boxed\{[^}]*\}<user>[^<]*<assistant>$/s,
  );
});

test('without a chat template, the same is plain text that ends where the answer begins', (t) => {
  const chat = promptFormatFor(tokenizerWith(t, { chat_template: CHAT }));
  const plain = promptFormatFor(tokenizerWith(t, {}));
  const asPlain = (text: string): string =>
    text.replace('<system>', 'system: ').replace('<user>', '\nuser: ').replace('<assistant>', '\nassistant:');
  assert.equal(plain.solverPrompt('What is 2+2?', 'math'), asPlain(chat.solverPrompt('What is 2+2?', 'math')));
  assert.equal(plain.challengerPrompt, asPlain(chat.challengerPrompt));
});

test('a plain prompt begins as the checkpoint begins its texts', (t) => {
  const tokenizer = { ...tokenizerWith(t, {}), opening: [0] };
  assert.match(promptFormatFor(tokenizer).solverPrompt('x', 'math'), /^<bos>system: /);
});

test('both roles stop at every token that ends a text; there is no mark of working, and more room', (t) => {
  const format = promptFormatFor(tokenizerWith(t, { eos_token: '<bos>' }));
  assert.deepEqual(
    [format.challengerStops, format.solverStops],
    [
      [0, 1],
      [0, 1],
    ],
  );
  assert.equal(format.workedPrefix, null);
  assert.equal(format.answerTokens, 2048);
});

test("the Challenger's own prompt is no question when it is echoed", (t) => {
  const format = promptFormatFor(tokenizerWith(t, {}));
  assert.deepEqual(format.parseQuestion(format.challengerPrompt), { valid: false, reason: 'trivial' });
});

test('a checkpoint that names no end of a text is refused with its mend', (t) => {
  const tokenizer = loadTokenizer(tokenizerFolder(t, ['<bos>']));
  assert.throws(() => promptFormatFor(tokenizer), {
    name: 'CheckpointError',
    message: /names no token that ends a text; give eos_token_id in its generation_config\.json/,
  });
});

test('a chat template that refuses a system message is told before anything begins', (t) => {
  const tokenizer = tokenizerWith(t, { chat_template: '{{ raise_exception("no system message") }}' });
  assert.throws(() => promptFormatFor(tokenizer), {
    name: 'CheckpointError',
    message: /^chat_template of .*tokenizer_config\.json can't write a conversation/,
  });
});

for (const name of ['qwen3', 'llama3'] as const) {
  test(`${name}: whatever the Challenger writes, a valid question brings no token of its own that steers`, (t) => {
    const tokenizer = trueTokenizer(t, name);
    if (tokenizer === null) return;
    const format = promptFormatFor(tokenizer);
    const added = new Set(tokenizer.addedTokens.values());
    const steering = (question: string): number[] =>
      tokenizer.encode(format.solverPrompt(question, 'math')).filter((id) => added.has(id));
    const expected = steering('What is 2+2?');
    const piece = fc.oneof(
      fc.constantFrom(
        '<',
        '|',
        '>',
        'im_end',
        '<|im_end',
        'eot_id|>',
        '<|eot_id|>',
        '<think>',
        '</',
        'think>',
        '\u0338',
        'a',
      ),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    );
    let validCount = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const parsed = format.parseQuestion(`<question>${pieces.join('')}</question>`);
        if (!parsed.valid) return;
        validCount++;
        assert.deepEqual(steering(parsed.question), expected);
      }),
    );
    assert.ok(validCount > 10);
  });

  test(`${name}: a completion that ends its turn gives the question and the own answer without the end`, (t) => {
    const tokenizer = trueTokenizer(t, name);
    if (tokenizer === null) return;
    const format = promptFormatFor(tokenizer);
    const text =
      '<think>\nhm\n</think>\n\n<question>\nFind $\\frac{1}{2}+\\frac{1}{3}$.\n</question>\n\n\\boxed{\\frac{5}{6}}';
    const stop = format.challengerStops[0] ?? 0;
    const completion = tokenizer.decode([...tokenizer.encode(text), stop]);
    const question = 'Find $\\frac{1}{2}+\\frac{1}{3}$.';
    assert.deepEqual(format.parseQuestion(completion), { valid: true, question, ownAnswer: '\\frac{5}{6}' });
  });
}

test('the oracle has no answer to the questions of real checkpoints, however long, and reads its own wording from them', () => {
  for (const question of [
    'Find $x$ such that $x^2=2$.',
    'Let\n\nn be 7.\nHow many?',
    `What is ${'9'.repeat(5000)} plus 1?`,
  ])
    assert.equal(oracleAnswer(question), null);
  assert.equal(oracleAnswer('\nWhat is 48 plus 76?\n'), '124');
});
