import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { compare } from '../../actors/compare.js';
import { rescore } from '../../actors/rescore.js';
import { GRADER_VERSION } from '../../src/grading/answer-rules.js';
import { commit, type Writer } from '../../storage/connection.js';
import { openWriter } from '../../storage/database.js';
import { resultsOf } from '../../storage/evaluation-results.js';
import { type ResultRecord, recordEvaluation } from '../../storage/evaluations.js';
import { anEvaluation, aResult } from '../support/evaluations.js';
import { temporaryFolder } from '../support/temporary.js';

const SETTINGS = { resamples: 1000, seed: 0, anyProtocol: false };

function stored(t: TestContext, evaluations: Readonly<Record<string, readonly ResultRecord[]>>): Writer {
  const db = openWriter(`${temporaryFolder(t)}/runs.db`);
  t.after(() => db.close());
  commit(db, () => {
    for (const [id, results] of Object.entries(evaluations)) recordEvaluation(db, anEvaluation(id), results);
  });
  return db;
}

/** A greedy result with these items right. */
function greedy(rightCounts: readonly number[], changes: Partial<ResultRecord> = {}): ResultRecord {
  const score = (100 * rightCounts.reduce((sum, count) => sum + count, 0)) / rightCounts.length;
  const items = rightCounts.map((_, i) => ({ question: `What is ${i} plus 1?`, answer: String(i + 1) }));
  return aResult({ rightCounts, score, items, answers: null, ...changes });
}

test('a gain is told with the items that only one has right, and both tests', (t) => {
  const db = stored(t, { e1: [greedy([0, 0, 0, 0, 0, 1, 1, 1])], e2: [greedy([1, 1, 1, 1, 1, 1, 1, 0])] });
  const [row] = compare(db, 'e1', 'e2', SETTINGS).benchmarks;
  assert.deepEqual([row?.items, row?.before, row?.after, row?.gain.score], [8, 37.5, 87.5, 50]);
  // 5 against 1: 2 · (1 + 6) / 64
  assert.deepEqual([row?.exact?.onlyBefore, row?.exact?.onlyAfter], [1, 5]);
  assert.ok(Math.abs((row?.exact?.pValue ?? Number.NaN) - 14 / 64) < 1e-12);
  assert.ok((row?.gain.low ?? 0) < 50 && (row?.gain.high ?? 0) > 50);
});

test('benchmarks of one domain and metric are averaged, each with the same weight', (t) => {
  const second = { benchmark: 'svamp' };
  const db = stored(t, {
    e1: [greedy([0, 0]), greedy([1, 1, 1, 1], second)],
    e2: [greedy([1, 1]), greedy([1, 1, 1, 1], second)],
  });
  const [average] = compare(db, 'e1', 'e2', SETTINGS).averages;
  assert.deepEqual(
    [average?.benchmark, average?.items, average?.gain.score, average?.exact],
    ['math, average', 6, 50, null],
  );
});

test('mean@k is compared by the share of samples of each item, without the exact test', (t) => {
  const sampled = { metric: 'mean@4', protocol: { ...aResult().protocol, samples: 4, temperature: 1 } };
  const db = stored(t, {
    e1: [greedy([1, 4], { ...sampled, score: 62.5 })],
    e2: [greedy([2, 4], { ...sampled, score: 75 })],
  });
  const [row] = compare(db, 'e1', 'e2', SETTINGS).benchmarks;
  assert.deepEqual([row?.gain.score, row?.exact], [12.5, null]);
});

test('evaluations of different items are refused', (t) => {
  const db = stored(t, { e1: [greedy([0, 1])], e2: [greedy([0, 1, 1])], e3: [greedy([1], { benchmark: 'svamp' })] });
  assert.throws(() => compare(db, 'e1', 'e2', SETTINGS), {
    name: 'UsageError',
    message: /e1 and e2 were asked different items of gsm8k \(2 and 3\); evaluate both on the same file/,
  });
  assert.throws(() => compare(db, 'e1', 'e3', SETTINGS), /e1 and e3 have no benchmark and metric in common/);
});

const { protocol } = aResult();
for (const [what, changes, message] of [
  ['shots', { shots: 4, templateSha256: 'c'.repeat(64) }, /differ in shots \(0 and 4\) on gsm8k, greedy/],
  ['template', { templateSha256: 'c'.repeat(64) }, /differ in the template of the prompt on gsm8k/],
  ['token limit', { maxTokens: 100 }, /differ in the token limit \(72 and 100\)/],
  ['stops', { stops: [] }, /differ in stop texts/],
  ['grader', { graderVersion: 2 }, /differ in the grader's version, which `rzero rescore` brings up to date/],
] as const) {
  test(`evaluations that differ in their ${what} are refused, and compared where that is asked for`, (t) => {
    const other = { protocol: { ...protocol, ...changes } };
    const db = stored(t, { e1: [greedy([0, 1])], e2: [greedy([1, 1], other)] });
    assert.throws(() => compare(db, 'e1', 'e2', SETTINGS), { name: 'UsageError', message });
    const { differences, benchmarks } = compare(db, 'e1', 'e2', { ...SETTINGS, anyProtocol: true });
    assert.match(differences[0] ?? '', message);
    assert.equal(benchmarks[0]?.gain.score, 50);
  });
}

test('another seed of the sampling is no other protocol', (t) => {
  const db = stored(t, { e1: [greedy([0, 1])], e2: [greedy([1, 1], { protocol: { ...protocol, seed: 9 } })] });
  assert.equal(compare(db, 'e1', 'e2', SETTINGS).benchmarks[0]?.gain.score, 50);
});

test('stored answers are graded again, and what changed is told and recorded', async (t) => {
  // Kept by an older grader that took 5 for 4, and read nothing from the first.
  const [first, second] = aResult().answers ?? [];
  const old = aResult({
    score: 50,
    rightCounts: [0, 1],
    protocol: { ...protocol, graderVersion: 1 },
    answers: [
      (first ?? []).map((a) => ({ ...a, extracted: null, right: false })),
      (second ?? []).map((a) => ({ ...a, right: true })),
    ],
  });
  const db = stored(t, { e1: [old] });
  const dry = await rescore(db, 'e1', true);
  assert.deepEqual(resultsOf(db, 'e1')[0]?.rightCounts, [0, 1]); // nothing was recorded
  const { results } = await rescore(db, 'e1', false);
  assert.deepEqual(results, dry.results);
  assert.deepEqual(results[0]?.changed, [
    { question: 'What is 1 plus 1?', gold: '2', extracted: '2', right: true },
    { question: 'What is 2 plus 2?', gold: '4', extracted: '5', right: false },
  ]);
  assert.deepEqual(resultsOf(db, 'e1')[0]?.rightCounts, [1, 0]);
  assert.deepEqual(db.all('SELECT extracted, is_right FROM evaluation_answers ORDER BY item', {}), [
    { extracted: '2', is_right: 1 },
    { extracted: '5', is_right: 0 },
  ]);
  assert.deepEqual((await rescore(db, 'e1', false)).results[0]?.changed, []);
  assert.equal(resultsOf(db, 'e1')[0]?.protocol.graderVersion, GRADER_VERSION);
});

test("an evaluation without answers can't be graded again", async (t) => {
  const db = stored(t, { e1: [aResult({ answers: null })] });
  await assert.rejects(rescore(db, 'e1', false), { name: 'UsageError', message: /e1 keeps no answers/ });
});
