import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { IterationSummaryRow } from '../../storage/views.js';
import { rzero } from '../support/command-line.js';
import { Answer, fakeServer, LEFT_ALONE } from '../support/fake-server.js';
import { type FakeJudge, fakeJudge, reply, rightly, wrongly } from '../support/judge.js';
import { changedModel, decided, finishedRun, MAIN, query, smallRun, workFolder } from './support.js';

/** Whole runs whose labels are judged by a server, which here computes the answers, or misbehaves. */

const folder = workFolder();
const reference = join(folder, 'reference.db');
await finishedRun(reference);

interface Label {
  readonly iteration: number;
  readonly question: string;
  readonly oracle_answer: string | null;
  readonly label_correct: number | null;
}
const labels = (db: string): readonly Label[] =>
  query(
    db,
    `SELECT iteration, question, oracle_answer, label_correct FROM curriculum WHERE kept = 1
     ORDER BY iteration, question_id`,
  );
const accuracies = (db: string): readonly (number | null)[] =>
  query<IterationSummaryRow>(db, 'SELECT * FROM iteration_summary WHERE iteration > 0').map(
    (row) => row.label_accuracy,
  );
/** What a run's seed decides, apart from what an oracle wrote. */
function learned(db: string): object {
  const tables = Object.entries(decided(db) as Record<string, readonly Record<string, unknown>[]>);
  const without = ({ label_accuracy: _, oracle_answer: __, label_correct: ___, ...row }: Record<string, unknown>) =>
    row;
  return Object.fromEntries(tables.map(([name, rows]) => [name, rows.map(without)]));
}
const judgedRun = (db: string, judge: FakeJudge, settings: Readonly<Record<string, string>> = {}): string[] => [
  ...smallRun(db, settings),
  ...judge.flags,
];

const kept = labels(reference);
const computed = kept.filter(({ oracle_answer }) => oracle_answer !== null);

test('a judge that is right says of each kept label what exact evaluation says, and is asked once for each', async (t) => {
  const judge = await fakeJudge(t, rightly);
  const db = join(folder, 'judged.db');
  const prices = { 'oracle.pricePerMillionInput': '2', 'oracle.pricePerMillionOutput': '10' };
  const printed = await rzero([...judgedRun(db, judge, prices), '--json']);
  assert.equal(printed.code, 0, printed.stderr);
  assert.ok(computed.length > 20);
  assert.deepEqual(labels(db), kept);
  assert.deepEqual(accuracies(db), accuracies(reference));
  assert.deepEqual([...judge.asked()].sort(), [...new Set(kept.map(({ question }) => question))].sort());
  for (const iteration of [1, 2]) {
    const own = computed.filter((label) => label.iteration === iteration);
    const right = own.filter(({ label_correct }) => label_correct === 1).length;
    const said = `iteration ${iteration}: judge-1 finds ${right} of ${own.length} labels right (`;
    assert.ok(printed.stderr.includes(said), `${said}\n${printed.stderr}`);
  }
  assert.match(printed.stderr, /tokens in and [\d,]+ out, cost 0\.\d+\n/);

  const asked = judge.asked().length;
  const again = await rzero(judgedRun(db, judge));
  assert.equal(again.code, 0, again.stderr);
  assert.equal(judge.asked().length, asked, 'a second run in the same database costs nothing');
  assert.match(again.stderr, / labels right \(.*; 0 tokens in and 0 out\n/);
});

test('a judge that calls every label wrong changes no weight, reward, question or score', async (t) => {
  const judge = await fakeJudge(t, wrongly);
  const db = join(folder, 'opposed.db');
  const printed = await rzero(judgedRun(db, judge));
  assert.equal(printed.code, 0, printed.stderr);
  assert.deepEqual(accuracies(db), [0, 0]);
  assert.ok(accuracies(reference).every((accuracy) => (accuracy ?? 0) > 0));
  assert.deepEqual(learned(db), learned(reference));
});

test('questions that can be computed are not put to a judge', async (t) => {
  const judge = await fakeJudge(t, wrongly);
  const db = join(folder, 'exact.db');
  const printed = await rzero([...judgedRun(db, judge), '--set', 'oracle.exact=true']);
  assert.equal(printed.code, 0, printed.stderr);
  const unknown = kept.filter(({ oracle_answer }) => oracle_answer === null).map(({ question }) => question);
  assert.deepEqual([...judge.asked()].sort(), unknown.sort());
  assert.deepEqual(
    labels(db).filter(({ oracle_answer }) => oracle_answer !== 'none of these'),
    computed,
  );
});

test('a run killed while it is judged asks nothing again that was answered, and ends the same', async (t) => {
  let [answered, hanging] = [0, true];
  const judge = await fakeJudge(t, (request, response) => {
    if (hanging && answered === 5) return LEFT_ALONE;
    answered++;
    return rightly(request, response);
  });
  const db = join(folder, 'killed.db');
  const { child, closed } = started([...judgedRun(db, judge), '--set', 'oracle.concurrency=2']);
  const verdicts = (): readonly string[] =>
    existsSync(db)
      ? query<{ question: string }>(db, 'SELECT question FROM verdicts').map(({ question }) => question)
      : [];
  let before = readable(verdicts);
  while (before.length < 5 && child.exitCode === null) {
    await pause(5);
    before = readable(verdicts);
  }
  child.kill('SIGKILL');
  await closed;
  assert.equal(before.length, 5);
  hanging = false;
  const asked = judge.asked().length;
  const resumed = await rzero(['resume', '--db', db]);
  assert.equal(resumed.code, 0, resumed.stderr);
  const later = judge.asked().slice(asked);
  assert.ok(later.length > 0);
  assert.deepEqual(
    later.filter((question) => before.includes(question)),
    [],
  );
  assert.deepEqual(decided(db), decided(reference));
});

test('where a judge refuses the key the run goes on without label accuracy and says so, once', async (t) => {
  const judge = await fakeJudge(t, () => new Answer(401, { error: 'who?' }));
  const db = join(folder, 'refused.db');
  const printed = await rzero([...judgedRun(db, judge), '--set', 'oracle.concurrency=1']);
  assert.equal(printed.code, 0, printed.stderr);
  const told = printed.stderr.split('\n').filter((line) => line.startsWith('the run goes on without label accuracy'));
  assert.equal(told.length, 1, printed.stderr);
  assert.match(told[0] ?? '', /in iteration 1, nor asks again: the oracle at \S+ wants a key \(401\); put it into/);
  assert.equal(judge.asked().length, 1);
  assert.deepEqual(accuracies(db), [null, null]);
  assert.deepEqual(learned(db), learned(reference));
});

test('the key goes to the judge, and is in no file and no line', async (t) => {
  const key = 'sk-secret-of-the-judge';
  const judge = await fakeJudge(t, ({ headers }) => reply(`You said ${headers.authorization}: \\boxed{${key}}`));
  const db = join(folder, 'keyed.db');
  const environment = { ORACLE_API_KEY: key, OPENAI_API_KEY: 'sk-of-another-server' };
  const printed = await rzero([...judgedRun(db, judge, { iterations: '1' }), '--json'], '', environment);
  assert.equal(printed.code, 0, printed.stderr);
  assert.ok(judge.received.length > 0);
  assert.ok(judge.received.every(({ headers }) => headers.authorization === `Bearer ${key}`));
  assert.doesNotMatch(printed.stdout + printed.stderr, /sk-/);
  const files = [db, `${db}-wal`].filter((file) => existsSync(file));
  for (const file of files) assert.equal(readFileSync(file).includes('sk-'), false, file);
  assert.equal(query(db, "SELECT 1 FROM verdicts WHERE answer = '[key]'").length, judge.received.length);
});

test('a run is resumed with another judge, or without one', async (t) => {
  const [first, second] = [await fakeJudge(t, () => LEFT_ALONE), await fakeJudge(t, rightly)];
  for (const [name, flags, expected] of [
    ['other', ['--oracle', 'openai:judge-2', '--oracle-url', second.place.url], labels(reference)],
    ['none', ['--oracle', 'none'], kept.map((label) => ({ ...label, oracle_answer: null, label_correct: null }))],
  ] as const) {
    const db = join(folder, `resumed-${name}.db`);
    const asked = first.received.length;
    const { child, closed } = started(judgedRun(db, first));
    while (first.received.length === asked && child.exitCode === null) await pause(5);
    child.kill('SIGKILL');
    await closed;
    const resumed = await rzero(['resume', '--db', db, ...flags]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(labels(db), expected);
    assert.deepEqual(learned(db), learned(reference));
  }
});

test('a run that ends because nothing is left to learn has its last labels judged', async (t) => {
  // logits ten thousand times as large: every answer is the same, and no group teaches anything
  const model = changedModel(join(folder, 'certain'), (name, values) => {
    if (name === 'model.norm.weight') for (const [i, value] of values.entries()) values[i] = 1e4 * value;
  });
  const judge = await fakeJudge(t, (request, response) => {
    setTimeout(() => response.end(JSON.stringify(rightly(request, response))), 20);
    return LEFT_ALONE;
  });
  const db = join(folder, 'certain.db');
  const printed = await rzero([...judgedRun(db, judge, { model }), '--set', 'oracle.concurrency=1']);
  assert.equal(printed.code, 0, printed.stderr);
  assert.deepEqual(query(db, 'SELECT status FROM runs'), [{ status: 'nothing_left' }]);
  const [counts] = query<{ kept: number; judged: number }>(
    db,
    'SELECT count(*) AS kept, count(verdict_id) AS judged FROM votes WHERE kept = 1',
  );
  assert.ok(counts !== undefined && counts.kept > 0 && counts.judged === counts.kept);
});

test('Ctrl-C while the end of an iteration waits for a judge stops the run, which goes on to the same weights', async (t) => {
  const judge = await fakeJudge(t, () => LEFT_ALONE);
  const db = join(folder, 'stopped.db');
  const { child, closed } = started(judgedRun(db, judge));
  const evaluated = () => (existsSync(db) ? query(db, 'SELECT 1 FROM scores WHERE iteration = 1') : []);
  while (readable(evaluated).length === 0 && child.exitCode === null) await pause(5); // now it waits
  child.kill('SIGINT');
  assert.deepEqual(await closed, [130, null]);
  assert.deepEqual(query(db, 'SELECT status FROM runs'), [{ status: 'interrupted' }]);
  const resumed = await rzero(['resume', '--db', db, '--oracle', 'none']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.deepEqual(learned(db), learned(reference));
});

/** Each is told before anything is made. */
const REFUSED: readonly (readonly [claim: string, flags: readonly string[], says: RegExp])[] = [
  ['a judge without its kind', ['--oracle', 'gpt-4o'], /Expected openai: and the name of a model/],
  ['an address in place of a model', ['--oracle', 'openai:http://127.0.0.1/v1'], /with its address in --oracle-url/],
  ['an address without a model', ['--oracle-url', 'http://127.0.0.1:1/v1'], /name its model as well, with --oracle /],
  [
    'an address of another scheme',
    ['--oracle', 'openai:m', '--oracle-url', 'ftp://127.0.0.1/v1'],
    /Expected an http address that ends in \/v1/,
  ],
  [
    'a key inside an address',
    ['--oracle', 'openai:m', '--oracle-url', 'http://me:secret@127.0.0.1:1/v1'],
    /setting oracle\.url: expected an address .*, with no user or key in it/,
  ],
  ['a price that is none', ['--set', 'oracle.pricePerMillionInput=-1'], /setting oracle\.pricePerMillionInput: /],
];

for (const [claim, flags, says] of REFUSED) {
  test(`${claim} is refused in one sentence, and leaves no database`, async () => {
    const db = join(folder, 'none.db');
    const printed = await rzero(['run', '--db', db, ...flags]);
    assert.equal(printed.code, 2, printed.stderr);
    assert.match(printed.stderr, /^rzero: [^\n]*\n$/);
    assert.match(printed.stderr, says);
    assert.equal(existsSync(db), false);
  });
}

test("a key of OpenAI's is not sent to another server that samples the rollouts", async (t) => {
  const server = await fakeServer(t, {});
  const flags = [
    '--oracle',
    'openai:gpt-4o',
    '--rollouts',
    `openai:${server.place.url}`,
    '--set',
    'rollouts.stale=true',
  ];
  const db = join(folder, 'none.db');
  const printed = await rzero(['run', '--db', db, ...flags], '', { OPENAI_API_KEY: 'sk-of-openai' });
  assert.equal(printed.code, 2, printed.stderr);
  assert.match(
    printed.stderr,
    /^rzero: OPENAI_API_KEY would go to the server of the rollouts at .* into ORACLE_API_KEY/,
  );
  assert.deepEqual(server.received, []);
});

test('a key that can not be sent is refused and not shown', async () => {
  const db = join(folder, 'none.db');
  const printed = await rzero(['run', '--db', db], '', { ORACLE_API_KEY: 'sk-one\nsk-two' });
  assert.equal(printed.code, 2);
  assert.match(printed.stderr, /the key in ORACLE_API_KEY has a space or another character/);
  assert.doesNotMatch(printed.stderr, /sk-/);
});

/** What a query gives, or nothing while the tables are being made. */
function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** A process of the program that is not waited for. */
function started(args: readonly string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.resume();
  return { child, closed: once(child, 'close') };
}
