import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { standingOf } from '../../bin/event-feed.js';
import { eventWords, totalsOf } from '../../bin/event-words.js';
import { clockTime } from '../../bin/terminal/clock.js';
import type { Fact } from '../../machines/messages.js';
import { commit, type Writer } from '../../storage/connection.js';
import { openReader, openWriter } from '../../storage/database.js';
import { recordEvent } from '../../storage/events.js';
import { createRun, finishRun, interruptRun, reopenRun } from '../../storage/runs.js';
import { aRun, database, STARTED, secondProcess, temporaryFolder } from '../storage/support.js';
import { rzero } from '../support/command-line.js';

const RUN = 'rtail';
const CONFIG = { rl: { challenger: { steps: 2 }, curriculum: { questions: 100, batch: 30 }, solver: { steps: 60 } } };
const DONE = { status: 'done', finishedAt: STARTED, endReason: null } as const;

/** `rzero tail ARGS` at work; `said(pattern)` waits for its next line, of stdout or stderr, that fits. */
function tailing(t: TestContext, args: readonly string[]) {
  const main = fileURLToPath(new URL('../../bin/main.js', import.meta.url));
  const { FORCE_COLOR: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const child: ChildProcess = spawn(process.execPath, [main, 'tail', ...args], { env, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  let hear = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      hear();
    });
  }
  const closed = once(child, 'close') as Promise<[number | null]>;
  const said = async (pattern: RegExp): Promise<string> => {
    for (let seen = 0; ; ) {
      for (; seen < lines.length; seen++) if (pattern.test(lines[seen] ?? '')) return lines[seen] ?? '';
      await Promise.race([new Promise<void>((resolve) => (hear = resolve)), ended()]);
    }
  };
  const ended = async (): Promise<never> => {
    const [code] = await closed;
    throw new Error(`tail ended with ${code} and said ${JSON.stringify(lines)}`);
  };
  return { said, code: closed.then(([code]) => code), lines };
}

/** A database that this process writes to, with a run at work and the beginnings of `iterations` iterations. */
function running(t: TestContext, iterations: number): Writer {
  const db = database(t);
  commit(db, () => createRun(db, { ...aRun(RUN), config: CONFIG }));
  for (let iteration = 1; iteration <= iterations; iteration++) happens(db, { type: 'iteration.started', iteration });
  return db;
}

function happens(db: Writer, fact: Fact): void {
  commit(db, () => recordEvent(db, { runId: RUN, at: STARTED, actor: 'supervisor', type: fact.type, payload: fact }));
}

test('tail shows the last lines, then what happens as it happens, and ends with the run', async (t) => {
  const db = running(t, 3);
  const { said, code, lines } = tailing(t, [RUN.slice(0, 3), '-n', '2', '--db', db.path]);
  await said(/iteration 3 begins$/);
  happens(db, { type: 'iteration.closed', iteration: 3 });
  await said(/iteration 3 is closed$/);
  const update = { rewardMean: 0.81, loss: -0.5, kl: 0.004, skipped: false };
  happens(db, { type: 'solver.updated', iteration: 4, step: 13, ...update });
  commit(db, () => finishRun(db, RUN, DONE));
  assert.equal(await code, 0);
  assert.deepEqual(
    lines.map((line) => line.replace(/^[\d-]{10} [\d:]{8} /, '')),
    [
      'iteration 2 begins',
      'iteration 3 begins',
      'iteration 3 is closed',
      'iteration 4: Solver step 14/60, reward 0.810, KL 0.0040, loss -0.5000',
      'rzero: run rtail is done',
    ],
  );
});

test('tail --json gives one object a line, and stdout has nothing else', async (t) => {
  const db = running(t, 1);
  commit(db, () => finishRun(db, RUN, DONE));
  const { code, stdout } = await rzero(['tail', '--json', '--from-start', '--db', db.path]);
  assert.equal(code, 0);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      {
        id: 1,
        runId: RUN,
        at: STARTED,
        actor: 'supervisor',
        type: 'iteration.started',
        payload: { type: 'iteration.started', iteration: 1 },
      },
    ],
  );
});

test('tail of a run that failed exits with 1 and says why', async (t) => {
  const db = running(t, 1);
  const error = { name: 'NumericalError', message: 'a gradient is not finite' };
  const end = { status: 'failed', finishedAt: STARTED, endReason: 'solver failed at update', error } as const;
  commit(db, () => finishRun(db, RUN, end));
  const { code, stderr } = await rzero(['tail', '--db', db.path]);
  assert.deepEqual([code, stderr], [1, 'rzero: run rtail failed: solver failed at update: a gradient is not finite\n']);
});

test('tail of a run that is interrupted exits with 130; with --wait it goes on when the run does', async (t) => {
  const db = running(t, 1);
  commit(db, () => interruptRun(db, RUN));
  const { code, stderr } = await rzero(['tail', '--db', db.path]);
  assert.deepEqual([code, stderr], [130, 'rzero: run rtail was interrupted; `rzero resume rtail` goes on\n']);
  const waiting = tailing(t, [RUN, '--wait', '--db', db.path]);
  await waiting.said(/run rtail was interrupted; waiting for it to go on$/);
  commit(db, () => reopenRun(db, RUN));
  happens(db, { type: 'iteration.started', iteration: 2 });
  await waiting.said(/iteration 2 begins$/);
  commit(db, () => finishRun(db, RUN, DONE));
  assert.equal(await waiting.code, 0);
});

test('a run is running while its process lives and killed when that was, and tail says so', async (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  const writer = secondProcess(t, 'mid-commit', file);
  await writer.said;
  const reader = openReader(file);
  t.after(() => reader.close());
  assert.equal(standingOf(reader, 'rkept').standing, 'running');
  const { said, code } = tailing(t, ['rkept', '--wait', '--db', file]);
  writer.child.kill('SIGKILL');
  await said(/^rzero: run rkept was killed: .* waiting for it to go on$/);
  assert.equal(standingOf(reader, 'rkept').standing, 'killed');
  assert.equal((await rzero(['tail', '--db', file])).code, 130);
  const db = openWriter(file);
  t.after(() => db.close());
  commit(db, () => finishRun(db, 'rkept', DONE));
  assert.equal(await code, 0);
});

test('tail --wait waits for a database, for a run in it, and for a new run after those that are over', async (t) => {
  const file = join(temporaryFolder(t), 'later.db');
  const { said, code } = tailing(t, ['--wait', '--db', file]);
  await said(/^rzero: there is no database at .*later\.db yet; waiting for a run to make it$/);
  const db = openWriter(file);
  t.after(() => db.close());
  await said(/^rzero: no run is at work in .*later\.db; waiting for one$/);
  commit(db, () => {
    createRun(db, aRun('rover'));
    finishRun(db, 'rover', DONE);
  });
  commit(db, () => createRun(db, { ...aRun(RUN), config: CONFIG }));
  happens(db, { type: 'iteration.started', iteration: 1 });
  await said(/iteration 1 begins$/);
  commit(db, () => finishRun(db, RUN, DONE));
  assert.equal(await code, 0);
});

test('tail of nothing says what there is', async (t) => {
  const db = running(t, 1);
  for (const [args, code, sentence] of [
    [['--db', `${db.path}x`], 1, /there is no database at .*; `rzero run` makes one/],
    [['rnone', '--db', db.path], 2, /there is no run "rnone" .*did you mean "rtail"/],
    [['-n', '3', '--from-start', '--db', db.path], 2, /'--from-start' cannot be used with option '-n/],
    [['-n', 'x', '--db', db.path], 2, /Expected a whole number of 0 or more/],
  ] as const) {
    const printed = await rzero(['tail', ...args]);
    assert.deepEqual([printed.code, printed.stdout], [code, '']);
    assert.match(printed.stderr, sentence);
  }
});

const STEP = { iteration: 2, step: 0 } as const;
const TOLD: readonly (readonly [fact: Fact, words: string])[] = [
  [{ type: 'solver.evaluated', iteration: 0, math: 31, general: null }, 'base: evaluated, math 31.0, general -'],
  [
    { type: 'questions.written', iteration: 2, purpose: 'challenger', index: 1, questionCount: 1024, validCount: 1000 },
    'iteration 2: Challenger step 2/2, 1,024 questions written, 1,000 valid',
  ],
  [
    { type: 'votes.counted', iteration: 2, purpose: 'curriculum', index: 3, votedCount: 10, keptCount: 4 },
    'iteration 2: batch 4/4, 10 questions voted on, 4 kept',
  ],
  [
    { type: 'challenger.updated', ...STEP, rewardMean: 0.25, loss: 0, kl: 0, skipped: true },
    'iteration 2: Challenger step 1/2, reward 0.250, no update: the rewards of each group are equal',
  ],
  [
    { type: 'solver.rolledOut', ...STEP, questionCount: 32, zeroVarianceCount: 5 },
    'iteration 2: Solver step 1/60, 32 groups rolled out, 5 of them teach nothing',
  ],
  [
    { type: 'run.ended', outcome: { kind: 'nothingLeft', reason: 'nothing_kept', iteration: 2 } },
    'nothing is left to learn from after iteration 2: nothing_kept',
  ],
  [
    { type: 'role.failed', role: 'solver', work: 'update', error: { name: 'Error', message: 'a\u001b[2Jb' } },
    'the solver failed at update: a [2Jb',
  ],
];
for (const [fact, words] of TOLD) {
  test(`${fact.type} is told as: ${words}`, () => {
    const event = { id: 1, runId: RUN, at: STARTED, actor: 'supervisor', type: fact.type, payload: fact };
    assert.equal(eventWords(event, totalsOf(CONFIG)), words);
  });
}

test('an event of another version is told as it was recorded, and one without its numbers without them', () => {
  const event = { id: 1, runId: RUN, at: STARTED, actor: 'critic', type: 'critic.spoke' };
  const totals = totalsOf({ settings: 'of another version' });
  assert.equal(eventWords({ ...event, payload: { doubts: 3 } }, totals), 'critic.spoke {"doubts":3}');
  const updated = { ...event, type: 'solver.updated', payload: { type: 'solver.updated', ...STEP } };
  assert.equal(eventWords(updated, totals), 'iteration 2: Solver step 1, reward -, KL -, loss -');
});

test('a moment of another day has the day with it', () => {
  const at = new Date(2026, 0, 2, 3, 4, 5);
  assert.equal(clockTime(at, new Date(2026, 0, 2, 23)), '03:04:05');
  assert.equal(clockTime(at, new Date(2026, 0, 3, 3)), '2026-01-02 03:04:05');
});
