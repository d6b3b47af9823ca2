import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQuestionBlock } from '../../src/rl/question-block.js';
import type { InvalidReason } from '../../src/rl/questions.js';

const RULES = { specials: ['<|im_end|>', '<think>'], maxLength: 40, placeholder: 'the whole problem' };
const parse = (completion: string) => parseQuestionBlock(completion, RULES);
const question = (text: string, ownAnswer: string | null = null) => ({ valid: true, question: text, ownAnswer });

const VALID: readonly (readonly [claim: string, completion: string, question: string, ownAnswer: string | null])[] = [
  ['a block and a box after it', '<question>\nWhat is 2+2?\n</question>\n\n\\boxed{4}<|im_end|>', 'What is 2+2?', '4'],
  ['thoughts before it', '<think>hm</think> So: <question>Why?</question>\\boxed{x^{2}}', 'Why?', 'x^{2}'],
  ['no box', '<question>How many?</question>', 'How many?', null],
  ['a box before the block only', 'it is \\boxed{7} <question>How many?</question>', 'How many?', null],
  ['a box that never closes', '<question>How many?</question> \\boxed{7', 'How many?', null],
  ['an empty box', '<question>How many?</question> \\boxed{ }', 'How many?', null],
  ['the last of several boxes', '<question>How many?</question> \\boxed{7} no, \\boxed{8}', 'How many?', '8'],
  ['the last of several blocks', '<question>A1?</question>\\boxed{1}<question>B2?</question>\\boxed{2}', 'B2?', '2'],
  ['a last block that was cut', '<question>A1?</question>\\boxed{1}<question>B2', 'A1?', '1'],
  ['a nested block', '<question>one <question>two?</question></question>\\boxed{2}', 'two?', '2'],
  ['a stray closing', '<question>one?</question> and </question>', 'one?', null],
  ['several lines and tabs', '<question>a\r\n\tb?\n</question>', 'a\n\tb?', null],
  ['scripts of the world', '<question>Σ数学 क्षेत्र?</question>', 'Σ数学 क्षेत्र?', null],
  ['an answer with a special token', '<question>How?</question>\\boxed{<think>}', 'How?', null],
  ['an answer with a control character', '<question>How?</question>\\boxed{4\u0007}', 'How?', null],
  ['an answer longer than any', `<question>How?</question>\\boxed{${'9'.repeat(300)}}`, 'How?', null],
];
for (const [claim, completion, text, ownAnswer] of VALID) {
  test(`a question is read from ${claim}`, () => {
    assert.deepEqual(parse(completion), question(text, ownAnswer));
  });
}

const INVALID: readonly (readonly [completion: string, reason: InvalidReason])[] = [
  ['', 'no question'],
  ['What is 2+2? \\boxed{4}', 'no question'],
  ['</question>', 'no question'],
  ['</question> then <question>', 'unfinished'],
  ['<question>What is', 'unfinished'],
  ['<question></question>\\boxed{4}', 'trivial'],
  ['<question> … </question>', 'trivial'],
  ['<question>\nthe whole problem\n</question>', 'trivial'],
  [`<question>${'a'.repeat(41)}</question>`, 'too long'],
  ['<question>1<|im_end|>2</question>', 'special token'],
  ['<question>1\u00002</question>', 'control character'],
  ['<question>1\r2</question>', 'control character'],
  ['<question>1\u202e2</question>', 'control character'],
  ['<question>1\u200d2</question>', 'control character'],
  ['<question>1\u20282</question>', 'control character'],
  ['<question>1\ufffd2</question>', 'control character'],
  ['<question>1\ue0002</question>', 'control character'],
];
for (const [completion, reason] of INVALID) {
  test(`${JSON.stringify(completion.slice(0, 50))} is no question: ${reason}`, () => {
    assert.deepEqual(parse(completion), { valid: false, reason });
  });
}

test('whatever is written, a question keeps to the rules, and so does its answer', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<question>',
      '</question>',
      '\\boxed{',
      '}',
      '<|im_end|>',
      '<|im_',
      'end|>',
      '\r\n',
      'x',
      '4',
      ' ',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const parsed = parse(pieces.join(''));
      if (!parsed.valid) return;
      for (const text of [parsed.question, parsed.ownAnswer ?? '']) {
        assert.ok(!RULES.specials.some((special) => text.includes(special)));
        assert.doesNotMatch(text, /[\p{Cf}\p{Co}\ufffd]/u);
        assert.deepEqual(
          [...text.matchAll(/\p{Cc}/gu)].filter(([found]) => found !== '\n' && found !== '\t'),
          [],
        );
      }
      assert.ok(parsed.question.length <= 40 && /[\p{L}\p{N}]/u.test(parsed.question));
      assert.ok(!parsed.question.includes('<question>') && !parsed.question.includes('</question>'));
    }),
  );
});

test('a million markers are read as few are', () => {
  const parsed = parse(`${'<question>'.repeat(1e6)}a?${'</question>'.repeat(1e6)}${'\\boxed{'.repeat(1e6)}`);
  assert.deepEqual(parsed, question('a?'));
});
