import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { countVotes } from '../../src/rl/vote.js';
import { type GivenUp, GradingPool } from '../../src/workers/grading-pool.js';
import { temporaryFolder } from '../support/temporary.js';

const SLOW = new URL('../support/slow-grading-worker.js', import.meta.url);

function slowPool(t: TestContext): { readonly pool: GradingPool; readonly givenUp: GivenUp[] } {
  const givenUp: GivenUp[] = [];
  const pool = new GradingPool(() => {}, {
    worker: SLOW,
    answerBudgetMs: 60,
    onGivenUp: (answer) => givenUp.push(answer),
  });
  t.after(() => pool.close());
  return { pool, givenUp };
}

test('an answer that never ends votes for none, and the vote goes on without it', async (t) => {
  const { pool, givenUp } = slowPool(t);
  const questions = [['1', '2', '1'], ['4', 'hang', '4', '5', 'hang'], ['7']];
  const votes = await pool.run('vote', questions);
  assert.deepEqual(
    votes,
    [['1', '2', '1'], ['4', null, '4', '5', null], ['7']].map((answers) => countVotes(answers)),
  );
  assert.equal(votes[1]?.voteShare, 2 / 5);
  assert.deepEqual(givenUp, [{ task: 'vote', group: 1, answer: 1 }]);
});

test('an answer that never ends earns nothing, and the others what they earn', async (t) => {
  const { pool, givenUp } = slowPool(t);
  const answer = (text: string) => ({ text, finished: true });
  const groups = [{ answers: [answer('hang'), answer('\\boxed{4}'), answer('\\boxed{5}')], pseudoLabel: '4' }];
  assert.deepEqual(await pool.run('reward', { groups, formatWeight: 0.5 }), [[0, 1, 0.5]]);
  assert.deepEqual(givenUp, [{ task: 'reward', group: 0, answer: 0 }]);
});

test("a benchmark's answer that never ends is wrong, and the others are what they are", async (t) => {
  const { pool, givenUp } = slowPool(t);
  const texts = ['\\boxed{4}', 'hang', 'the answer is 5.'];
  const graded = await pool.run(
    'gradeAnswers',
    texts.map((text) => ({ rule: 'value', gold: '4', text })),
  );
  assert.deepEqual(graded, [
    { extracted: '4', right: true },
    { extracted: null, right: false },
    { extracted: '5', right: false },
  ]);
  assert.deepEqual(givenUp, [{ task: 'gradeAnswers', group: 0, answer: 1 }]);
});

test('an answer that was slow once is graded as if nothing had been', async (t) => {
  const { pool, givenUp } = slowPool(t);
  const marker = join(temporaryFolder(t), 'seen');
  const votes = await pool.run('vote', [[marker, '3', marker]]);
  assert.equal(votes[0]?.pseudoLabel, marker);
  assert.deepEqual(givenUp, []);
});

test('tasks queued behind one that is stuck are done', async (t) => {
  const { pool } = slowPool(t);
  const tasks = [['hang', '1'], ['2', '2'], ['hang'], ['3']].map((answers) => pool.run('vote', [answers]));
  const labels = (await Promise.all(tasks)).map((votes) => votes[0]?.pseudoLabel);
  assert.deepEqual(labels, ['1', '2', null, '3']);
  assert.deepEqual(await pool.run('cluster', { questions: ['a b', 'a b'], threshold: 0.5 }), [1, 1]);
});

test('a pool that is closed while it is stuck lets go', async () => {
  const pool = new GradingPool(() => {}, { worker: SLOW, answerBudgetMs: 60_000 });
  const stuck = pool.run('vote', [['hang']]);
  const rejected = assert.rejects(stuck);
  await pool.close();
  await rejected;
});
