import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { GENERAL_TASK_NAMES, GENERAL_TASKS, type GeneralTask } from '../../src/pretraining/general.js';
import type { Problem } from '../../src/pretraining/problem.js';
import { Random, stream } from '../../src/random.js';

function sample(task: GeneralTask): Problem[] {
  return Array.from({ length: 600 }, (_, i) => GENERAL_TASKS[task](new Random(stream(5, task, i)), i % 2 === 0));
}

/** The value of an expression, by JavaScript: its operators bind as Python's. */
function booleanValue(expression: string): unknown {
  assert.match(expression, /^(?:True|False|and|or|not|[() ])+$/);
  const operators = { and: '&&', or: '||', not: '!', True: 'true', False: 'false' };
  const words = Object.entries(operators);
  return runInNewContext(words.reduce((text, [word, operator]) => text.replaceAll(word, operator), expression));
}

test('a boolean expression has its value, and the working the values of its atoms', () => {
  for (const { question, solution } of sample('boolean_expressions')) {
    assert.ok(question.endsWith(' is'));
    assert.equal(solution.answer, booleanValue(question.slice(0, -3)) === true ? 'True' : 'False', question);
    const [atoms = '', conjunctions] = solution.working.split('=');
    const values = atoms.split('|').map((conjunction) => (conjunction.includes('F') ? 'F' : 'T'));
    assert.equal(conjunctions, values.join('|'));
    assert.equal(solution.answer, values.includes('T') ? 'True' : 'False');
  }
});

test('the larger of two numbers is decided at the first place that differs', () => {
  for (const { question, solution } of sample('larger')) {
    const [, a = '', b = ''] = /^larger: (\d+),(\d+)\?$/.exec(question) ?? [];
    assert.equal(solution.answer, String(Math.max(Number(a), Number(b))));
    const signs = [...solution.working.matchAll(/[<>~]/g)].map(([sign]) => sign);
    const decided = a === b ? '~' : Number(a) > Number(b) ? '>' : '<';
    assert.equal(signs.at(-1), decided);
    assert.ok(signs.slice(0, -1).every((sign) => sign === '~'));
  }
});

test('the maximum is worked as the largest so far', () => {
  for (const { question, solution } of sample('max')) {
    const numbers = question.slice('max: '.length, -1).split(',').map(Number);
    let largest = 0;
    const running = numbers.map((n) => (largest = Math.max(largest, n)));
    assert.equal(solution.working, running.join(','));
    assert.equal(solution.answer, String(largest));
  }
});

test('sorting inserts one letter at a time', () => {
  for (const { question, solution } of sample('sort')) {
    const letters = [...question.slice('sort: '.length, -1)];
    const steps = solution.working.split(',');
    assert.deepEqual(
      steps.map((step) => step.length),
      letters.map((_, i) => i + 1),
    );
    assert.equal(steps.at(-1), solution.answer);
    assert.equal(solution.answer, letters.sort().join(''));
  }
});

test('counting says each letter with the count so far', () => {
  for (const { question, solution } of sample('count')) {
    const [, wanted = '', letters = ''] = /^count ([a-j]) in ([a-j]+)\?$/.exec(question) ?? [];
    assert.equal(solution.working.replace(/[0-9]/g, ''), letters);
    assert.equal(solution.answer, String(letters.split(wanted).length - 1));
    assert.ok(solution.working.endsWith(solution.answer));
  }
});

test('longer problems are longer', () => {
  for (const task of GENERAL_TASK_NAMES.filter((name) => name !== 'larger')) {
    const mean = (long: boolean) => {
      const lengths = Array.from({ length: 300 }, (_, i) => GENERAL_TASKS[task](new Random(stream(6, task, i)), long));
      return lengths.reduce((sum, { question }) => sum + question.length, 0) / lengths.length;
    };
    assert.ok(mean(true) > mean(false) + 0.5, task);
  }
});
