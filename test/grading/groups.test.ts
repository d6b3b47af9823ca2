import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equivalent } from '../../src/grading/equivalence.js';
import { groupAnswers } from '../../src/grading/groups.js';
import { readAnswer } from '../../src/grading/reading.js';

const answers = fc.constantFrom(
  ...['1/2', '0.5', '50\\%', '50', '\\frac12', '\\text{one half}', '3', 'x=3', '3 cm', '3 m', '\\sqrt{9}', '{3}'],
  ...[
    '1,2',
    '2,1',
    '\\{1,2\\}',
    'x=1,y=2',
    '(1,2)',
    '\\pm 2',
    '2,-2',
    '-2,2',
    '1/3',
    '0.333333333333',
    '333333333333/10^{12}',
  ],
  ...['\\sin 2x', '2\\sin x\\cos x', '2 \\cos x \\sin x', '[0,1]', '0\\le x\\le 1', '', ' ', '\\frac{', 'True', 'true'],
);
const votes = fc.array(answers, { maxLength: 40 });

/** The answers of each group, sorted: what a grouping says beside its numbers. */
function partition(list: readonly string[]): readonly string[] {
  const groups = groupAnswers(list);
  const members = new Map<number | null, string[]>();
  for (const [index, group] of groups.entries()) members.set(group, [...(members.get(group) ?? []), list[index] ?? '']);
  return [...members].map(([group, texts]) => `${group === null}: ${texts.sort().join(' | ')}`).sort();
}

test('any two answers of a group are equivalent, and those without content are in none', () => {
  fc.assert(
    fc.property(votes, (list) => {
      const groups = groupAnswers(list);
      for (const [i, a] of list.entries()) {
        assert.equal(groups[i] === null, readAnswer(a) === null);
        for (const [j, b] of list.entries())
          if (groups[i] !== null && groups[i] === groups[j]) assert.ok(equivalent(a, b));
      }
    }),
  );
});

test('the groups do not depend on the order of the answers', () => {
  const shuffled = votes.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(fc.property(shuffled, ([list, other]) => assert.deepEqual(partition(list), partition(other))));
});

test('an answer in a group of its own is equivalent to none that is as common', () => {
  fc.assert(
    fc.property(fc.uniqueArray(answers), (list) => {
      const groups = groupAnswers(list);
      const alone = list.filter(
        (_, i) => groups.filter((group) => group === groups[i]).length === 1 && groups[i] !== null,
      );
      for (const a of alone) for (const b of alone) assert.ok(a === b || !equivalent(a, b), `${a} and ${b}`);
    }),
  );
});

test('readings of one key are equivalent', () => {
  fc.assert(
    fc.property(answers, answers, (a, b) => {
      const [left, right] = [readAnswer(a)?.key ?? null, readAnswer(b)?.key ?? null];
      return left === null || left !== right || equivalent(a, b);
    }),
    { numRuns: 2000 },
  );
});

test('an answer between two groups joins the larger one and does not make them one', () => {
  assert.deepEqual(groupAnswers(['50', '50%', '0.5', '1/2']), [0, 1, 1, 1]);
  assert.deepEqual(groupAnswers(['50', '50%', '50', '0.5']), [0, 0, 0, 1]);
});

test('each answer is told of before it is read', () => {
  const told = new Set<number>();
  groupAnswers(['1', null, '2', '\\frac{2}{2}'], (index) => told.add(index));
  assert.deepEqual([...told].sort(), [0, 2, 3]);
});
