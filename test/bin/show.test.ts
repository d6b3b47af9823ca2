import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openWriter } from '../../storage/database.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { addPhaseWork } from '../../storage/phases.js';
import { recordQuestions } from '../../storage/questions.js';
import { createRun, finishRun } from '../../storage/runs.js';
import { recordScore } from '../../storage/scores.js';
import { recordVerdict } from '../../storage/verdicts.js';
import { recordVote } from '../../storage/votes.js';
import { recordWorkerTask } from '../../storage/worker-tasks.js';
import { aQuestion, aRun, aVerdict, aVote, database, STARTED, temporaryFolder } from '../storage/support.js';
import { rzero } from '../support/command-line.js';

const T0 = Date.parse(STARTED);

/** A database file with two runs: `r2aaaa`, done, whose mathematics went from 30 to 60 points; and `r3bbbb`, empty. */
function twoRuns(t: TestContext): string {
  const db = database(t, 'r2aaaa', 'r3bbbb');
  db.commit(() => {
    const runId = 'r2aaaa';
    const about = { runId, domain: 'math', items: 100, stderr: 3, file: null } as const;
    recordScore(db, { ...about, iteration: 0, benchmark: 'two_digit_addition', metric: 'greedy', score: 30 });
    recordScore(db, {
      ...about,
      iteration: 1,
      benchmark: 'two_digit_addition',
      metric: 'greedy',
      score: 60,
      stderr: 4,
    });
    addPhaseWork(db, runId, 1, { phase: 'solver', seconds: 75, tokens: 12_345 });
    const batch = { runId, iteration: 1, phase: 'curriculum', batch: 0 } as const;
    const questions = ['What is 2 plus 3?', 'What is \u001b[2J1 plus 1?'].map((question) => aQuestion({ question }));
    const [kept = 0, dropped = 0] = recordQuestions(db, batch, questions);
    recordVote(db, kept, aVote({ pseudoLabel: '6', voteShare: 0.7 }));
    recordLabelCheck(db, kept, { oracleAnswer: '5', labelCorrect: false, verdictId: null });
    recordVote(db, dropped, aVote({ pseudoLabel: '2', voteShare: 1, kept: false, dropReason: 'too_easy' }));
    recordLabelCheck(db, dropped, { oracleAnswer: '2', labelCorrect: true, verdictId: null });
    // Two workers in ten seconds: 6 + 3 of 20 at generating, 2 at the update, so 9 idle.
    for (const [worker, task, from, to] of [
      ['model 0', 'generate', 0, 6],
      ['model 1', 'generate', 0, 3],
      ['grading', 'reward', 6, 7],
      ['model 0', 'update', 8, 10],
    ] as const) {
      const times = { startedMs: T0 + 1000 * from, endedMs: T0 + 1000 * to };
      recordWorkerTask(db, { runId, iteration: 1, sitting: 1, worker, task, ...times });
    }
    finishRun(db, runId, { status: 'done', finishedAt: STARTED, endReason: null });
  });
  db.close();
  return db.path;
}

test('show tells how many labels each oracle checked, how many are right, and the cost', async (t) => {
  const db = database(t, 'r2aaaa');
  db.commit(() => {
    const config = { oracle: { pricePerMillionInput: 2, pricePerMillionOutput: 10 } };
    createRun(db, { ...aRun('r4cccc'), config });
    for (const runId of ['r2aaaa', 'r4cccc']) {
      const batch = { runId, iteration: 1, phase: 'curriculum', batch: 0 } as const;
      const ids = recordQuestions(
        db,
        batch,
        [1, 2, 3].map((i) => aQuestion({ question: `${runId} ${i}` })),
      );
      for (const [i, id] of ids.entries()) {
        recordVote(db, id, aVote());
        const verdictId = i === 0 ? null : recordVerdict(db, aVerdict({ runId, question: `${runId} ${i}` }));
        recordLabelCheck(db, id, { oracleAnswer: '124', labelCorrect: i < 2, verdictId });
      }
    }
  });
  db.close();
  const { stdout } = await rzero(['show', 'r4cccc', '--db', db.path]);
  assert.match(stdout, /\n1 +exact evaluation +1 +100\.0 % +- +- +- +-\n/);
  assert.match(stdout, /\n1 +judge-1 +2 +50\.0 % +0 +200 +40 +0\.0008\n/);
  assert.match(stdout, /\nall +judge-1 +2 +50\.0 % +0 +200 +40 +0\.0008\n/);
  const json = await rzero(['show', 'r2aaaa', '--db', db.path, '--json']);
  const tokens = { unread: 0, asked: 2, prompt_tokens: 200, completion_tokens: 40 };
  assert.deepEqual((JSON.parse(json.stdout) as { readonly label_oracles: unknown }).label_oracles, [
    {
      iteration: 1,
      model: null,
      labels: 1,
      right: 1,
      unread: 0,
      asked: 0,
      prompt_tokens: 0,
      completion_tokens: 0,
      cost: null,
    },
    { iteration: 1, model: 'judge-1', labels: 2, right: 1, ...tokens, cost: null },
  ]);
});

test('history lists each run with its gain, the first one first', async (t) => {
  const { code, stdout } = await rzero(['history', '--db', twoRuns(t)]);
  assert.equal(code, 0);
  const [heading = '', first = '', second = '', ...more] = stdout.trimEnd().split('\n');
  assert.match(heading, /^run +status +preset/);
  assert.match(first, /^r2aaaa +done .* 1\/\d+ .* 1 min 15 s +\+30\.0 +-$/);
  assert.match(second, /^r3bbbb +killed .* 0\/\d+ .* -$/); // it says running, and nobody writes
  assert.deepEqual(more, []);
});

test('history --json prints one object with the columns of the view, and nothing else', async (t) => {
  const { stdout, stderr } = await rzero(['history', 'r2', '--json', '--db', twoRuns(t)]);
  const { runs } = JSON.parse(stdout) as { runs: readonly Record<string, unknown>[] };
  assert.deepEqual(
    runs.map(({ run_id, status, iterations_done, seconds, math_gain, general_gain }) => [
      run_id,
      status,
      iterations_done,
      seconds,
      math_gain,
      general_gain,
    ]),
    [['r2aaaa', 'done', 1, 75, 30, null]],
  );
  assert.equal(stderr, '');
});

test('show tells scores with their gain, and questions with the label that the oracle refutes', async (t) => {
  const { code, stdout } = await rzero(['show', 'r2aaaa', '--db', twoRuns(t)]);
  assert.equal(code, 0);
  assert.match(stdout, /^run r2aaaa: done, preset/);
  assert.match(stdout, /^math +greedy +100 +30\.0 ±3\.0 +60\.0 ±4\.0 +\+30\.0 ±5\.0$/m); // √(3² + 4²) = 5
  assert.match(stdout, /^What is 2 plus 3\? +6 +0\.70 +5 \(label wrong\) +yes$/m);
  assert.match(stdout, /^1 +2 +2 +1 .* 12,345 +1 min 15 s$/m); // questions, valid, kept
});

test('show tells where the time of the model workers went', async (t) => {
  const db = twoRuns(t);
  const { stdout } = await rzero(['show', 'r2aaaa', '--db', db]);
  assert.match(stdout, /^iteration +workers busy +generate +update +idle +wall$/m);
  assert.match(stdout, /^1 +55 % +45 % +10 % +45 % +10 s$/m);
  const { utilisation } = JSON.parse((await rzero(['show', 'r2aaaa', '--json', '--db', db])).stdout) as {
    utilisation: unknown;
  };
  assert.deepEqual(utilisation, [
    {
      iteration: 1,
      wall_seconds: 10,
      workers: 2,
      busy_share: 0.55,
      idle_seconds: 9,
      tasks: { generate: 9, update: 2 },
    },
  ]);
});

test('a question can not steer the terminal', async (t) => {
  const { stdout } = await rzero(['show', 'r2aaaa', '--db', twoRuns(t)]);
  assert.match(stdout, /^What is \ufffd\[2J1 plus 1\? .*no: too_easy$/m);
  assert.equal(stdout.includes('\u001b'), false);
});

test('show --json is one object: run, iterations, scores, evaluations, averages, curriculum, label_oracles, utilisation', async (t) => {
  const { stdout, stderr } = await rzero(['show', 'r2aaaa', '--json', '--questions', '1', '--db', twoRuns(t)]);
  assert.equal(stderr, '');
  const report = JSON.parse(stdout) as { run: { config: unknown }; averages: unknown[]; curriculum: unknown[] };
  assert.deepEqual(Object.keys(report), [
    'run',
    'iterations',
    'scores',
    'evaluations',
    'averages',
    'curriculum',
    'label_oracles',
    'utilisation',
  ]);
  assert.equal(typeof report.run.config, 'object');
  assert.deepEqual([report.averages.length, report.curriculum.length], [2, 1]);
});

test('show without a run takes the latest', async (t) => {
  const { code, stdout } = await rzero(['show', '--db', twoRuns(t)]);
  assert.equal(code, 0);
  assert.match(stdout, /^run r3bbbb: killed/);
});

test('a run is running while a process writes to its database, and killed when none does', async (t) => {
  const db = database(t, 'r4cccc');
  const told = async () => {
    const { stdout } = await rzero(['history', '--json', '--db', db.path]);
    const [run] = (JSON.parse(stdout) as { runs: readonly Record<string, unknown>[] }).runs;
    const sentence = (await rzero(['show', '--db', db.path])).stdout.split(',')[0];
    return [run?.['status'], run?.['standing'], sentence];
  };
  assert.deepEqual(await told(), ['running', 'running', 'run r4cccc: running']);
  const held = openWriter(join(temporaryFolder(t), 'other.db')); // of another database: nothing to this one
  t.after(() => held.close());
  db.close();
  assert.deepEqual(await told(), ['running', 'killed', 'run r4cccc: killed']);
});

test('an iteration that is not there is refused with those that are', async (t) => {
  const db = twoRuns(t);
  for (const [run, known] of [
    ['r2aaaa', 'iteration 1 only'],
    ['r3bbbb', 'none yet'],
  ] as const) {
    const { code, stdout, stderr } = await rzero(['show', run, '--iteration', '99', '--db', db]);
    const sentence = `rzero: run ${run} has no iteration 99: it has ${known}\n`;
    assert.deepEqual([code, stdout, stderr], [2, '', sentence]);
  }
});

test('a run that is not there is refused with the nearest id', async (t) => {
  const { code, stdout, stderr } = await rzero(['show', 'r2aaab', '--db', twoRuns(t)]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /there is no run "r2aaab" .*did you mean "r2aaaa"/);
});
