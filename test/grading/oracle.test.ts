import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oracleAnswer } from '../../src/grading/oracle.js';

const answers: readonly (readonly [string, string | null])[] = [
  ['What is 45 plus 17?', '62'],
  ['What is 17 minus 45?', '-28'],
  ['What is 99 times 99?', '9801'],
  ['What is 99999999999999999999 plus 1?', '100000000000000000000'],
  ['What is (3+4)*5?', '35'],
  ['What is (3 - 9) - 5?', '-11'],
  ['What is (3+4)*55?', null],
  ['What is 45 divided by 5?', null],
  ['what is 45 plus 17?', null],
  ['not ( True ) and ( True ) is', 'False'],
  ['True or False and False is', 'True'],
  ['not False and False is', 'False'],
  ['not not ( not (True) ) is', 'False'],
  ['True and is', null],
  ['True False is', null],
  ['( True is', null],
  ['constructor is', null],
  ['larger: 409,49?', '409'],
  ['max: 12,45,7?', '45'],
  ['max: 12,,7?', null],
  ['sort: dbca?', 'abcd'],
  ['sort: dbza?', null],
  ['count a in abcab?', '2'],
  ['count e in abcab?', '0'],
];
for (const [question, answer] of answers) {
  test(`the oracle on "${question}" is ${answer}`, () => {
    assert.equal(oracleAnswer(question), answer);
  });
}

test('brackets nested beyond the bound have no answer', () => {
  assert.equal(oracleAnswer(`${'( '.repeat(60)}True${' )'.repeat(60)} is`), null);
});

test('the oracle never throws', () => {
  const words = fc.constantFrom(
    'What is ',
    '(',
    ')',
    'True',
    'not ',
    ' and ',
    ' is',
    '7',
    'max: ',
    ',',
    '?',
    'sort: ',
    'a',
    'plus ',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words).map((list) => list.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const answer = oracleAnswer(text);
      return answer === null || answer.length > 0;
    }),
  );
});
