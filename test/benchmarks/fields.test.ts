import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FILE_BENCHMARK_NAMES,
  type FileBenchmarkName,
  fileBenchmark,
  fileBenchmarkName,
} from '../../src/benchmarks/catalog.js';
import type { FileItem } from '../../src/benchmarks/fields.js';

/** Records in the form of the public files, with words of our own; what is left out has no worked solution. */
const RECORDS: readonly (readonly [FileBenchmarkName, object, Partial<FileItem>])[] = [
  [
    'math',
    {
      problem: 'Halve 7.',
      level: 'Level 1',
      type: 'Algebra',
      solution: 'First \\boxed{7}, then $\\boxed{\\frac{7}{2}}$.',
    },
    { question: 'Halve 7.', answer: '\\frac{7}{2}' },
  ],
  [
    'math500',
    { problem: 'Halve 7.', solution: '\\boxed{3.5}', answer: '3.5', subject: 'Algebra', level: 1, unique_id: 'a' },
    { answer: '3.5', solution: '\\boxed{3.5}' },
  ],
  [
    'gsm8k',
    { question: 'Ann has 3 boxes of 1,000 pins. How many?', answer: '3*1000=<<3*1000=3000>>3000 pins\n#### 3,000' },
    { answer: '3000', solution: '3*1000=3000 pins \\boxed{3000}' },
  ],
  ['amc23', { id: 0, problem: 'Add 13 and 14.', answer: 27.0, url: 'u', question: 'Add 13 and 14.' }, { answer: '27' }],
  [
    'minerva',
    { problem: 'How wide?', solution: 'It is \\boxed{1.6} \\mathrm{~cm}', type: 'Astronomy', idx: 0 },
    { answer: '1.6' },
  ],
  [
    'olympiadbench',
    { question: 'Solve.', context: 'Let x > 0.', final_answer: ['$69$', '$84$'], solution: ['So.'], unit: null },
    { question: 'Let x > 0.\n\nSolve.', answer: '$69$, $84$', solution: 'So. \\boxed{$69$, $84$}' },
  ],
  [
    'aime24',
    { id: 60, problem: 'Count.', answer: '073', solution: 'So.', url: 'u' },
    { question: 'Count.', answer: '073' },
  ],
  [
    'aime25',
    { prompt: 'Count.\nPlease reason step by step, and put your final answer within \\boxed{}.', answer: 70 },
    { question: 'Count.', answer: '70' },
  ],
  [
    'mmlu-pro',
    { question: 'Which?', options: ['Red', 'Blue'], answer: 'B', answer_index: 1, cot_content: '', category: 'x' },
    {
      question: 'Which?\nOptions are:\n(A): Red\n(B): Blue\n\nGive the letter of the right option as your answer.',
      answer: 'B',
    },
  ],
  [
    'supergpqa',
    { question: 'Which?', options: ['Red', 'Blue'], answer: 'Blue', answer_letter: 'B', discipline: 'x' },
    {
      question: 'Which?\nOptions are:\n(A): Red\n(B): Blue\n\nGive the letter of the right option as your answer.',
      answer: 'B',
    },
  ],
  [
    'supergpqa',
    { question: 'Which?\n Options are:\nA. Red\nB. Blue\n', answer: 'B. Blue' },
    {
      question: 'Which?\n Options are:\nA. Red\nB. Blue\n\nGive the letter of the right option as your answer.',
      answer: 'B',
    },
  ],
  ['bbeh', { input: ' Who lies? ', target: 'no, unknown, yes' }, { question: 'Who lies?', answer: 'no, unknown, yes' }],
  [
    'svamp',
    { ID: 'chal-1', Body: 'Each pen costs 76', Question: 'What do 2 cost?', Equation: '( 76.0 * 2.0 )', Answer: 152.0 },
    { question: 'Each pen costs 76, What do 2 cost?', answer: '152', solution: '( 76.0 * 2.0 ) \\boxed{152}' },
  ],
  [
    'asdiv',
    { body: 'Seven and two.', question: 'How many?', answer: '9 (apples)', formula: '7+2=9', idx: 0 },
    { question: 'Seven and two. How many?', answer: '9', solution: '7+2=9 \\boxed{9}' },
  ],
  ['asdiv', { body: 'It rains.', question: 'When?', answer: '9:03 p.m.' }, { answer: '9:03 p.m.' }],
  ['mawps', { input: 'How many?', target: 0.6666666667 }, { question: 'How many?', answer: '0.6666666667' }],
  ['mawps', { iIndex: 1, sQuestion: 'How many?', lEquations: ['X=2'], lSolutions: [2.0] }, { answer: '2' }],
  ['countdown', { target: 55, nums: [96, 7, 37, 74] }, { answer: '[96, 7, 37, 74] = 55' }],
  [
    'gpt3-arithmetic',
    { context: '\n\nQ: What is 17 minus 30?\n\nA:', completion: ' -13' },
    { question: 'What is 17 minus 30?', answer: '-13' },
  ],
];
for (const [name, record, expected] of RECORDS) {
  test(`a record of ${name} (${Object.keys(record).join(', ')}) gives its question and its answer`, () => {
    const item = fileBenchmark(name).record(record);
    assert.ok(typeof item !== 'string', String(item));
    const found = Object.fromEntries(Object.keys(expected).map((key) => [key, item[key as keyof FileItem]]));
    assert.deepEqual(found, expected);
  });
}

test('every benchmark of the catalogue refuses what is no record, with a reason', () => {
  for (const name of FILE_BENCHMARK_NAMES) {
    for (const value of [null, 7, 'text', [], {}, { question: 7 }, { problem: '' }]) {
      assert.equal(typeof fileBenchmark(name).record(value), 'string', `${name}: ${JSON.stringify(value)}`);
    }
  }
});

const WRONG: readonly (readonly [FileBenchmarkName, object, RegExp])[] = [
  ['math', { problem: 'a', level: 'Level 1', solution: 'no box' }, /^solution: expected the answer in \\boxed\{\}/],
  ['math', { problem: 'a', level: 'Level 1', solution: '\\boxed{1} and \\boxed{2' }, /^solution: expected the answer/],
  ['gsm8k', { question: 'a', answer: 'no mark' }, /^answer: expected it to end in "#### "/],
  ['aime24', { problem: 'a', answer: '1000' }, /^answer: expected a whole number from 0 to 999, got "1000"/],
  [
    'mmlu-pro',
    { question: 'a', options: ['x', 'y'], answer: 'C' },
    /^answer: expected the letter of an option, got "C"/,
  ],
  ['mmlu-pro', { question: 'a', options: 'x', answer: 'A' }, /^options: expected array, got string/],
  ['supergpqa', { question: 'a\nA. x', answer: 'F. y' }, /expected the letter of an option in the question, got "F"/],
  ['olympiadbench', { question: 'a', final_answer: [] }, /^final_answer: expected an answer, got none/],
  ['countdown', { target: 3.5, nums: [1, 2] }, /^target: expected a whole number/],
  ['svamp', { Body: 'a', Question: 'b' }, /^Answer: .*among "Body", "Question"/],
];
for (const [name, record, reason] of WRONG) {
  test(`${name} refuses ${JSON.stringify(record)}`, () => {
    assert.match(String(fileBenchmark(name).record(record)), reason);
  });
}

test('a benchmark is known by its other names, whatever their capitals and hyphens', () => {
  const names = ['MMLU_Pro', 'minerva_math', 'AIME2025', 'BBEH', 'Math-500', 'olympiad', 'gpt3_arithmetic'];
  assert.deepEqual(names.map(fileBenchmarkName), [
    'mmlu-pro',
    'minerva',
    'aime25',
    'bbeh',
    'math500',
    'olympiadbench',
    'gpt3-arithmetic',
  ]);
});
