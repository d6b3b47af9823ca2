import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { promptFormatFor } from '../../src/lm/prompts.js';
import { loadTokenizer, specialId } from '../../src/lm/tokenizer.js';
import type { InvalidReason } from '../../src/rl/questions.js';

const tokenizer = loadTokenizer('models/tiny');
const format = promptFormatFor(tokenizer);

test('a question that the Challenger finished is taken as it stands', () => {
  assert.deepEqual(format.parseQuestion('What is (9 + 8) * 2?<a>'), {
    valid: true,
    question: 'What is (9 + 8) * 2?',
    ownAnswer: null,
  });
});

const INVALID: readonly (readonly [string, InvalidReason])[] = [
  ['What is 98 plus 45?', 'unfinished'],
  ['What is 98 plus 45?<eos>', 'unfinished'],
  ['', 'unfinished'],
  ['<a>', 'wrong beginning'],
  ['larger: 12,45?<a>', 'wrong beginning'],
  ['What is 98 plus 45<a>', 'wrong end'],
  ['What is ?<a>', 'trivial'],
  ['What is 98?<a>', 'trivial'],
  ['What is 98 plus?<a>', 'trivial'],
  ['What is 1 plus 2?<a>\\boxed{3}<eos><q>What is 1 plus 2?<a>', 'special token'],
  ['What is 1 <w> 2?<a>', 'special token'],
  ['What is 1 plus\u0000 2?<a>', 'control character'],
  ['What is 1 plus\n2?<a>', 'control character'],
  ['What is 1 \u202eplus 2?<a>', 'control character'],
  [`What is ${'1 plus '.repeat(1000)}2?<a>`, 'too long'],
];

for (const [completion, reason] of INVALID) {
  test(`${JSON.stringify(completion.slice(0, 60))} is no question: ${reason}`, () => {
    assert.deepEqual(format.parseQuestion(completion), { valid: false, reason });
  });
}

test('whatever the Challenger samples, a valid question is one prompt to the Solver and no more', () => {
  const id = fc.integer({ min: 0, max: tokenizer.vocabularySize - 1 });
  const [what, stop] = [tokenizer.encode('What is '), tokenizer.encode('?<a>')];
  const specials = [...tokenizer.specials.values()];
  fc.assert(
    fc.property(fc.array(id, { maxLength: 24 }), (ids) => {
      const parsed = format.parseQuestion(tokenizer.decode([...what, ...ids, ...stop]));
      if (!parsed.valid) return;
      const prompt = tokenizer.encode(format.solverPrompt(parsed.question, 'math'));
      assert.deepEqual(
        prompt.filter((token) => specials.includes(token)),
        [specialId(tokenizer, '<q>'), specialId(tokenizer, '<a>')],
      );
    }),
  );
});

test('a question that the tokenizer can not read again is invalid', () => {
  assert.deepEqual(format.parseQuestion('What is 0( in 0?<a>'), { valid: false, reason: 'special token' });
});

test('the heading of the prompt tells the domain', () => {
  assert.equal(format.solverPrompt('What is 1 plus 2?', 'math'), '<q>What is 1 plus 2?<a>');
  assert.equal(format.solverPrompt('not True is', 'general'), '<g>not True is<a>');
});

test('the Challenger stops where its question ends, the Solver where its answer does', () => {
  const [answer, end] = [specialId(tokenizer, '<a>'), specialId(tokenizer, '<eos>')];
  assert.deepEqual(format.challengerStops, [answer, end]);
  assert.deepEqual(format.solverStops, [end]);
});

test('an answer has the room that it needs, and one that works begins with its mark', () => {
  assert.equal(format.answerTokens, 72);
  assert.equal(format.workedPrefix, '<w>');
});
