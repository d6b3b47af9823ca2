import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeWeights, loadCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import type {
  BenchmarkScoreRow,
  CurriculumRow,
  IterationSummaryRow,
  RunHistoryRow,
  SolverGroupRow,
  TrainingStepRow,
} from '../../storage/views.js';
import { rzero } from '../support/command-line.js';
import { finishedRun, query, smallRun, TINY, workFolder } from './support.js';

/** What one run leaves behind: every view has rows, and they agree with each other and with the raw tables. */

const folder = workFolder();
const db = join(folder, 'run.db');
const BAND = [0.4, 0.8] as const;
const printed = await rzero([...smallRun(db, { 'rl.curriculum.band': JSON.stringify(BAND) }), '--json']);

const iterations = query<IterationSummaryRow>(db, 'SELECT * FROM iteration_summary ORDER BY iteration');
const curriculum = query<CurriculumRow>(db, 'SELECT * FROM curriculum ORDER BY question_id');
const scores = query<BenchmarkScoreRow>(db, 'SELECT * FROM benchmark_scores');
const steps = query<TrainingStepRow>(db, 'SELECT * FROM training_steps ORDER BY iteration, role, step');

test('a run exits with 0, prints one JSON object on stdout, and is recorded as done', () => {
  assert.equal(printed.code, 0, printed.stderr);
  const report = JSON.parse(printed.stdout) as Record<string, unknown>;
  const [run, ...others] = query<RunHistoryRow>(db, 'SELECT * FROM run_history');
  assert.deepEqual(others, []);
  assert.deepEqual([run?.status, run?.preset, run?.seed, run?.iterations], ['done', 'smoke', 0, 2]);
  assert.ok(JSON.stringify(report).includes(String(run?.run_id)));
});

test('there is a row for the base and for each iteration, with its tokens and seconds', () => {
  assert.deepEqual(
    iterations.map(({ iteration, questions }) => [iteration, questions]),
    [
      [0, 0],
      [1, 32],
      [2, 32],
    ],
  );
  for (const { tokens, seconds } of iterations) assert.ok(tokens > 0 && seconds > 0);
});

test('the counts and means of an iteration are those of its curriculum', () => {
  for (const { iteration, valid, kept, mean_vote_share, label_accuracy } of iterations.slice(1)) {
    const own = curriculum.filter((row) => row.iteration === iteration);
    const voted = own.filter((row) => row.vote_share !== null);
    const labelled = own.filter((row) => row.kept === 1 && row.label_correct !== null);
    assert.equal(own.length, 32);
    assert.equal(valid, own.filter((row) => row.drop_reason !== 'invalid').length);
    assert.equal(kept, own.filter((row) => row.kept === 1).length);
    near(mean_vote_share, mean(voted.map((row) => row.vote_share ?? 0)));
    near(label_accuracy, mean(labelled.map((row) => row.label_correct ?? 0)));
  }
});

test('a question is kept exactly when its vote share lies in the band and no earlier one is the same', () => {
  const seen = new Set<string>();
  for (const { iteration, question, kept, vote_share, pseudo_label, drop_reason } of curriculum) {
    const key = `${iteration} ${question}`;
    const inside = vote_share !== null && vote_share >= BAND[0] && vote_share <= BAND[1] && pseudo_label !== null;
    assert.equal(kept === 1, inside && !seen.has(key), question);
    assert.equal(drop_reason === null, kept === 1);
    if (drop_reason !== 'invalid') seen.add(key);
  }
  assert.ok(curriculum.some(({ kept }) => kept === 1) && curriculum.some(({ kept }) => kept === 0));
});

test('the verdict on a label is that of exact arithmetic, whether the question was kept or not', () => {
  const sums = curriculum.flatMap(({ question, pseudo_label, label_correct }) => {
    const [, a, word, b] = /^What is (\d+) (plus|minus|times) (\d+)\?$/.exec(question) ?? [];
    if (a === undefined || b === undefined || pseudo_label === null || !/^-?\d+$/.test(pseudo_label)) return [];
    const [left, right] = [BigInt(a), BigInt(b)];
    const truth = word === 'plus' ? left + right : word === 'minus' ? left - right : left * right;
    return [{ label_correct, expected: BigInt(pseudo_label) === truth ? 1 : 0 }];
  });
  assert.ok(sums.length > 10);
  for (const { label_correct, expected } of sums) assert.equal(label_correct, expected);
});

test('a vote share is the count of the largest group over all answers, and as many answers agree', () => {
  const votes = query<{ m: number; share: number; label: string | null; groups: string; given: number; agree: number }>(
    db,
    `SELECT v.vote_count AS m, v.vote_share AS share, v.pseudo_label AS label, v.groups,
       count(a.sample_index) AS given, coalesce(sum(a.agrees), 0) AS agree
     FROM votes v JOIN questions q ON q.id = v.question_id JOIN answers a ON a.question_id = q.id
     WHERE q.phase = 'curriculum' GROUP BY q.id`,
  );
  assert.ok(votes.length > 10);
  for (const { m, share, label, groups, given, agree } of votes) {
    const counts = JSON.parse(groups) as readonly { readonly answer: string; readonly count: number }[];
    const largest = counts.reduce((best, group) => Math.max(best, group.count), 0);
    assert.deepEqual([m, given, agree], [4, 4, largest]);
    assert.equal(share, largest / 4);
    assert.equal(label, counts.find(({ count }) => count === largest)?.answer ?? null);
  }
});

test('the answers of a vote group are as many as it counts, and one that can not be read is in none', () => {
  const groups = query<{ count: number; given: number }>(
    db,
    `SELECT g.value ->> 'count' AS count, (SELECT count(*) FROM answers WHERE question_id = q.id AND vote_group = g.key) AS given
     FROM questions q JOIN votes v ON v.question_id = q.id, json_each(v.groups) g WHERE q.phase = 'curriculum'`,
  );
  assert.ok(groups.length > 10);
  for (const { count, given } of groups) assert.equal(given, count);
  assert.deepEqual(
    query(db, `SELECT text FROM answers WHERE (vote_group IS NULL) != (trim(coalesce(answer, '')) = '')`),
    [],
  );
});

test("a Solver's step keeps its groups, of kept questions: as many of them teach nothing as the step says", () => {
  const found = query<SolverGroupRow>(db, 'SELECT * FROM solver_groups');
  const kept = new Set(curriculum.filter((row) => row.kept === 1).map((row) => row.question_id));
  assert.equal(found.length, 2 * 3 * 4); // iterations, steps, questions
  for (const { question_id, rewards, reward_mean } of found) {
    assert.ok(kept.has(question_id));
    const values = JSON.parse(rewards) as readonly number[];
    assert.equal(values.length, 4);
    near(reward_mean, mean(values));
  }
  assert.deepEqual(
    query(db, 'SELECT iteration, step, sum(NOT teaches) AS equal FROM solver_groups GROUP BY iteration, step'),
    query(
      db,
      `SELECT iteration, step, zero_variance_groups AS equal FROM steps WHERE role = 'solver' ORDER BY iteration, step`,
    ),
  );
});

test('each step of both roles has a row; one whose rewards are all equal made no update', () => {
  assert.deepEqual(
    steps.map(({ iteration, role, step }) => `${iteration} ${role} ${step}`),
    [1, 2].flatMap((i) => [`${i} challenger 0`, ...[0, 1, 2].map((step) => `${i} solver ${step}`)]),
  );
  const groupCounts = query<{ groups: number; equal: number; loss: number | null }>(
    db,
    `SELECT CASE role WHEN 'solver' THEN 4 ELSE 1 END AS groups, zero_variance_groups AS equal, loss FROM steps`,
  );
  for (const { groups, equal, loss } of groupCounts) assert.equal(loss === null, groups === equal);
});

test('decoder and trainer agree on every log-probability that was trained on', () => {
  const drifts = query<{ mean: number; max: number }>(
    db,
    'SELECT logprob_drift_mean AS mean, logprob_drift_max AS max FROM steps WHERE loss IS NOT NULL',
  );
  assert.ok(drifts.length > 2);
  for (const { mean, max } of drifts) assert.ok(mean <= max && max < 1e-3, `${mean} ${max}`);
});

test('the base and every iteration have the same benchmarks and metrics', () => {
  const measured = (iteration: number): string[] =>
    scores
      .filter((row) => row.iteration === iteration)
      .map(({ benchmark, metric, items }) => `${benchmark} ${metric} ${items}`)
      .sort();
  assert.ok(measured(0).length > 4);
  assert.ok(measured(0).every((row) => row.endsWith(' 2')));
  assert.deepEqual([measured(1), measured(2)], [measured(0), measured(0)]);
});

test('the weights of each iteration are on disk under the hash of their content', () => {
  const files = query<{ file: string; sha256: string }>(db, 'SELECT file, sha256 FROM checkpoints');
  assert.equal(files.length, 6); // weights of two roles after two iterations, and the last optimiser state of each
  for (const { file, sha256 } of files) {
    const bytes = readFileSync(join(`${db}.weights`, file));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
  }
});

/** A first step of AdamW with fresh moments and no decay moves no weight by more than the learning rate. */
const LR = 3e-4;

for (const [start, from] of [
  ['base', 'the base'],
  ['previous', 'where it ended'],
] as const) {
  test(`with start=${start} the Challenger begins each iteration from ${from}`, async () => {
    const file = join(folder, `${start}.db`);
    await finishedRun(file, { 'rl.challenger.start': start, 'rl.challenger.lr': String(LR) });
    const base = loadCheckpoint(TINY);
    const [first, second] = query<{ file: string }>(
      file,
      "SELECT file FROM checkpoints WHERE role = 'challenger' AND kind = 'weights' ORDER BY iteration",
    ).map((row) =>
      decodeWeights(parameterLayout(base.config), readFileSync(join(`${file}.weights`, row.file)), row.file),
    );
    assert.ok(first !== undefined && second !== undefined);
    const [near, far] = start === 'base' ? [base.weights, first] : [first, base.weights];
    assert.ok(largestMove(near, second) < 1.01 * LR);
    assert.ok(largestMove(far, second) > 1.5 * LR);
  });
}

test('a Challenger that takes no steps leaves only the Solver to be trained', async () => {
  const file = join(folder, 'untrained.db');
  await finishedRun(file, { 'rl.challenger.steps': '0' });
  assert.deepEqual(query(file, 'SELECT DISTINCT role FROM training_steps'), [{ role: 'solver' }]);
  assert.deepEqual(query(file, 'SELECT DISTINCT role FROM checkpoints'), [{ role: 'solver' }]);
});

test('the gated reward in the shape of the paper, GSPO, minibatches and a frozen base run to their end', async () => {
  const file = join(folder, 'settings.db');
  await finishedRun(file, {
    'rl.challenger.gated': 'true',
    'rl.challenger.reward': 'paper',
    'rl.solver.ratio': 'sequence',
    'rl.solver.averaging': 'sequence',
    'rl.solver.standardise': 'false',
    'rl.solver.minibatches': '2',
    'rl.solver.epochs': '2',
    'rl.solver.reference': 'base',
  });
  assert.equal(query(file, 'SELECT * FROM training_steps').length, 8);
});

test('one worker is enough, and the last batch of a curriculum may be smaller', async () => {
  const file = join(folder, 'one-worker.db');
  await finishedRun(file, { workers: '1', 'rl.curriculum.questions': '20' });
  assert.deepEqual(
    query(file, `SELECT iteration, questions FROM iteration_summary WHERE iteration > 0 ORDER BY iteration`),
    [
      { iteration: 1, questions: 20 },
      { iteration: 2, questions: 20 },
    ],
  );
});

function largestMove(before: Float32Array, after: Float32Array): number {
  return before.reduce((largest, value, i) => Math.max(largest, Math.abs((after[i] ?? Number.NaN) - value)), 0);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function near(actual: number | null, expected: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}
