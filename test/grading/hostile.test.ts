import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boxCount, joinedBoxes, lastBoxed } from '../../src/grading/boxed.js';
import { equivalent } from '../../src/grading/equivalence.js';
import { readAnswer } from '../../src/grading/reading.js';
import { countVotes } from '../../src/rl/vote.js';
import { type GivenUp, GradingPool } from '../../src/workers/grading-pool.js';

/** What a grader can be made to trip over, by itself or repeated. */
const atoms = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '\\{',
    '\\}',
    '\\frac{',
    '\\frac{1}{',
    '\\sqrt{',
    '\\text{',
    '\\text{a}',
    '\\boxed{',
    '\\boxed{1},',
  ],
  ...[
    '\\fbox{2} and ',
    '$',
    '$1$',
    '\\(',
    '\\]',
    '1 ',
    '1,',
    '1,000',
    '1 000 ',
    '...',
    '0.3',
    '12',
    'ab ',
    'a',
    'A:',
    'AB=',
    'x^',
    'x_{1}',
  ],
  ...[
    '9^',
    '9!',
    '(10^9)!',
    '**',
    '"',
    '+-',
    '\\pm',
    '\\cup',
    '\\in',
    'x<',
    '|x',
    '1/',
    '\\\\',
    '&',
    '\\begin{pmatrix}',
    '\\end{pmatrix}',
  ],
  ...[
    '\\quad',
    '\\hspace{',
    '\\overline{3}',
    '\\dot{',
    'e5',
    '5 cm ',
    '\\mathrm{m}/',
    '\\mu',
    ' and ',
    'or',
    '12:30',
    ';',
    '\t',
    '\n',
    '\0',
  ],
  ...[
    '\ud800',
    '\udc00',
    '٣',
    '²',
    '₂',
    '½',
    '√',
    '\u200b',
    '%',
    '^\\circ',
    'the answer is ',
    'Option ',
    '(B) ',
    'May 5, ',
    '5 million ',
  ],
  ...[
    '1011_',
    '(1011)_{',
    '\\sin',
    '\\log_',
    '\\binom{',
    '\\choose',
    'f(x)',
    '\\lfloor',
    '(x+y)^',
    '\\angle ',
    '\\approx ',
    '\\infty',
  ],
];
const atom = fc.constantFrom(...atoms);
const hostile = fc.oneof(
  fc.array(atom, { maxLength: 40 }).map((parts) => parts.join('')),
  fc
    .tuple(fc.array(atom, { minLength: 1, maxLength: 3 }), fc.constantFrom(30, 400, 1900, 100_000), atom)
    .map(([unit, length, end]) => {
      const text = unit.join('');
      return text.repeat(Math.ceil(length / text.length)) + end;
    }),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

test('hostile answers are equivalent to themselves, and to others both ways or neither', () => {
  fc.assert(
    fc.property(hostile, hostile, (a, b) => {
      assert.ok(equivalent(a, a));
      assert.equal(equivalent(a, b), equivalent(b, a));
      assert.ok(readAnswer(a) !== null || !equivalent(a, '5'));
    }),
    { numRuns: 500 },
  );
});

test('hostile texts are searched for boxes', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const last = lastBoxed(text);
      assert.ok(last === null || (boxCount(text) > 0 && text.includes(last)));
      const boxes = joinedBoxes(text.slice(0, 2000));
      assert.ok(boxes === null || boxes.endsWith(lastBoxed(text.slice(0, 2000)) ?? '\0'));
    }),
    { numRuns: 500 },
  );
});

test('no hostile answer stays in the grading thread beyond its budget', async (t) => {
  const givenUp: GivenUp[] = [];
  const pool = new GradingPool(() => {}, { onGivenUp: (answer) => givenUp.push(answer) });
  t.after(() => pool.close());
  const questions = fc.sample(fc.array(hostile, { minLength: 8, maxLength: 8 }), { numRuns: 60, seed: 1 });
  const votes = await pool.run('vote', questions);
  assert.deepEqual(
    votes,
    questions.map((answers) => countVotes(answers)),
  );
  assert.deepEqual(givenUp, []);
});

const towers: readonly string[] = [
  '9^9^9^9',
  '10^9!',
  '9^{9^{9^9}}!',
  '\\binom{10^9}{5\\cdot 10^8}',
  '9'.repeat(1_000_000),
  `\\frac{${'9'.repeat(1_000_000)}}{3}`,
  `${'\\frac{1}{1+'.repeat(5000)}x${'}'.repeat(5000)}`,
  `${'{'.repeat(100_000)}5${'}'.repeat(100_000)}`,
  '\\sqrt{'.repeat(100_000),
  'a b'.repeat(33_000),
  '\0'.repeat(1000),
  '\ud800'.repeat(1000),
];

test('towers, factorials, depths and lengths are decided as unequal', () => {
  for (const text of towers) assert.equal(equivalent('5', text), false, text.slice(0, 20));
});
