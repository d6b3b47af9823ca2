import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { equivalent } from '../../src/grading/equivalence.js';
import { spellingKey } from '../../src/grading/reading.js';

interface Case {
  readonly kind: 'equal' | 'boxed';
  readonly gold: string;
  readonly answer: string;
  readonly equal: boolean;
  readonly why: string;
}

const cases = readFileSync('test/grading/cases.jsonl', 'utf8')
  .trimEnd()
  .split('\n')
  .map((line, index) => ({ ...(JSON.parse(line) as Case), line: index + 1 }))
  .filter((entry) => entry.kind === 'equal');

for (const { line, gold, answer, equal, why } of cases) {
  const name = `${gold.slice(0, 40)} ${equal ? '=' : '≠'} ${answer.slice(0, 40)}`;
  test(`case ${line}: ${JSON.stringify(name)} (${why})`, () => {
    assert.equal(equivalent(gold, answer), equal);
    assert.equal(equivalent(answer, gold), equal, 'the other way round');
  });
}

/** Pieces that answers are made of, and pieces that break them. */
const pieces = fc.constantFrom(
  ...[
    '1',
    '2',
    '0',
    '.',
    ',',
    'x',
    'e',
    'i',
    '+',
    '-',
    '*',
    '/',
    '^',
    '_',
    '!',
    '=',
    '<',
    '|',
    ':',
    '(',
    ')',
    '[',
    ']',
  ],
  ...[
    '{',
    '}',
    ' ',
    '%',
    '$',
    '\\',
    '\\frac',
    '\\sqrt',
    '\\pi',
    '\\pm',
    '\\sin ',
    '\\{',
    '\\}',
    '\\text{',
    '\\cup',
    '\\in',
  ],
  ...[
    '\\begin{pmatrix}',
    '\\end{pmatrix}',
    '&',
    '\\\\',
    '\\infty',
    ' and ',
    ' cm',
    '^\\circ',
    '\\over ',
    'sqrt',
    '\\log_',
  ],
);
const answers = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(pieces, { maxLength: 14 }).map((list) => list.join('')),
);

test('every text is equivalent to itself', () => {
  fc.assert(fc.property(answers, (text) => equivalent(text, text)));
});

test('equivalence is symmetric and never throws', () => {
  fc.assert(
    fc.property(answers, answers, (a, b) => equivalent(a, b) === equivalent(b, a)),
    { numRuns: 3000 },
  );
});

test('answers of one spelling key are equivalent', () => {
  fc.assert(
    fc.property(answers, answers, (a, b) => {
      const key = spellingKey(a);
      return key === null || key !== spellingKey(b) || equivalent(a, b);
    }),
    { numRuns: 3000 },
  );
});

test('integers are equivalent exactly when they are equal', () => {
  const integers = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  fc.assert(
    fc.property(
      integers,
      fc.bigInt({ min: -1n, max: 1n }),
      (a, d) => equivalent(String(a), String(a + d)) === (d === 0n),
    ),
  );
});

test('a fraction is equivalent to its multiples and to no neighbour', () => {
  const parts = [
    fc.integer({ min: 1, max: 10 ** 9 }),
    fc.integer({ min: 1, max: 10 ** 9 }),
    fc.integer({ min: 2, max: 99 }),
  ] as const;
  fc.assert(
    fc.property(...parts, (n, d, k) => {
      const fraction = `\\frac{${n}}{${d}}`;
      return equivalent(fraction, `${n * k}/${d * k}`) && !equivalent(fraction, `${n * k + 1}/${d * k}`);
    }),
  );
});

test('a product of linear factors is equivalent to its expansion and to no other', () => {
  const root = fc.integer({ min: -50, max: 50 });
  fc.assert(
    fc.property(root, root, fc.integer({ min: 1, max: 5 }), (a, b, off) => {
      const expanded = (constant: number) => `x^2+(${-(a + b)})x+(${constant})`;
      const factored = `(x-(${a}))(x-(${b}))`;
      return equivalent(factored, expanded(a * b)) && !equivalent(factored, expanded(a * b + off));
    }),
  );
});

const traps: readonly (readonly [boolean, string, string, string])[] = [
  [false, '10^{20}', '10^{20}+\\sqrt{2}', 'roots beside large integers are not lost in rounding'],
  [false, '10^{10}', '\\sqrt{10^{20}+1}', 'a root one part in 10^20 away'],
  [true, '10^{10}', '\\sqrt{10^{20}}', 'a large perfect square'],
  [false, 'x', '\\sqrt{x^2}', 'the root of a square is an absolute value'],
  [true, '|x|', '\\sqrt{x^2}', 'and that one'],
  [true, '\\sqrt{3+2\\sqrt{2}}', '1+\\sqrt{2}', 'a nested root'],
  [true, '\\frac{1}{\\sqrt{2}+1}', '\\sqrt{2}-1', 'a rationalised denominator'],
  [false, 'listen', 'silent', 'words are no products of letters'],
  [false, 'abdc', 'abcd', 'a sorted word is not an unsorted one'],
  [true, '\\frac{1}{2}', '\\sin 30^\\circ', 'degrees inside a function'],
  [true, '|3+4i|', '5', 'size of a complex number'],
  [true, 'e^{i\\pi}', '-1', 'Euler'],
  [false, '5', '5 or more', 'words that change the value are no unit'],
  [false, '5', '5 million', 'a number word is no unit'],
  [false, '2,1', 'x=1,y=2', 'names are not dropped from values of several variables'],
  [true, '2,1', 'x=1\\text{ or }x=2', 'they are from those of one'],
  [false, '\\{100,200\\}', '100200', 'a comma in brackets separates'],
  [true, 'y = 1,234', '1234', 'a comma outside groups digits'],
  [false, '0', 'P(0)', 'the value of a function at zero is no product with zero'],
  [false, '1/3', '0.333333333334', 'a long decimal with a wrong last digit'],
  [true, '\\pi', '3.14159265358979', 'fifteen digits of pi'],
  [false, '0.3333333333333', '0.33333333333333', 'two decimals are compared exactly'],
  [true, '\\frac{x^2-1}{x-1}', 'x+1', 'a cancelled factor'],
  [false, '\\frac{1}{x-x}', '\\frac{2}{x-x}', 'a hidden division by zero'],
  [true, '4^n', '2^{2n}', 'powers of one prime'],
  [false, '1011', '1011_2', 'the base of a numeral is part of it'],
];
for (const [expected, a, b, why] of traps) {
  test(`${a} ${expected ? '=' : '≠'} ${b}: ${why}`, () => {
    assert.equal(equivalent(a, b), expected);
    assert.equal(equivalent(b, a), expected);
  });
}

test('answers built to cost time are decided, as unequal', () => {
  const hostile = [
    '(x+y+z+w)^{16}',
    '((x+y)^{16}+z)^{16}',
    '2^'.repeat(900),
    '300!*'.repeat(300).concat('1'),
    '\\sqrt{'.concat('9'.repeat(500), '}'),
    '\\frac{1}{x+'.repeat(25).concat('2', '}'.repeat(25)),
    '|x'.repeat(600),
    'x<'.repeat(60).concat('x'),
    '\\{'.repeat(500).concat('\\}'.repeat(500)),
    '5 '.concat('a '.repeat(900), '!'),
    '9'.repeat(3_000_000).concat('^9'),
  ];
  for (const text of hostile) assert.equal(equivalent('5', text), false, text.slice(0, 20));
});
