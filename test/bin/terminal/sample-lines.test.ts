import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnsOf } from '../../../bin/terminal/fit.js';
import { sampleLines } from '../../../bin/terminal/sample-lines.js';

const KEPT = { question: 'What is 46 minus 951?', pseudoLabel: '-905', agreeing: 5, votes: 8, dropReason: null };
const DROPPED = {
  question: 'What is 60656 minus 54641?',
  pseudoLabel: '2015',
  agreeing: 1,
  votes: 8,
  dropReason: 'too_hard',
};

test('each question stands with its votes, and why it was dropped', () => {
  assert.deepEqual(sampleLines([KEPT, DROPPED], 80), [
    '  What is 46 minus 951?       5 of 8 say -905',
    '  What is 60656 minus 54641?  1 of 8 says 2015, dropped: too hard',
  ]);
  assert.deepEqual(sampleLines([KEPT, DROPPED], null), sampleLines([KEPT, DROPPED], 80));
});

test('at 40 columns the question is cut and the votes stay', () => {
  assert.deepEqual(sampleLines([KEPT, DROPPED], 40), [
    '  What is 46 minus 95…  5 of 8 say -905',
    '  What is 60656 minus…  1 of 8 says 2015',
  ]);
});

test('a question can neither steer the terminal nor take a second line', () => {
  const hostile = { ...KEPT, question: 'a\u001b[2J\r\nb\u0007\u202e', pseudoLabel: '\u001b]0;title\u0007' };
  assert.deepEqual(sampleLines([hostile], 80), ['  a [2J b  5 of 8 say ]0;title']);
});

test('characters of two columns count as two', () => {
  const [line = ''] = sampleLines([{ ...KEPT, question: '四十六减九百五十一等于多少四十六减九百五十一' }], 40);
  assert.ok(columnsOf(line) <= 40, line);
  assert.match(line, /…/);
});

test('no line is ever wider than the terminal', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 8, max: 120 }),
      (question, pseudoLabel, columns) => {
        for (const line of sampleLines([{ ...DROPPED, question, pseudoLabel }, KEPT], columns)) {
          assert.ok(columnsOf(line) <= columns, `${columnsOf(line)} > ${columns}: ${line}`);
        }
      },
    ),
  );
});

test('no samples are no lines', () => {
  assert.deepEqual(sampleLines([], 80), []);
});
