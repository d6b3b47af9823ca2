import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSteps } from '../../bin/next-steps.js';
import { createProgram } from '../../bin/program.js';

const commandsOf = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => /^ {2}rzero (.*)$/.exec(line)?.[1] ?? []);

test('a run that is done names where it is kept, and what to try next', () => {
  assert.equal(
    nextSteps({ runId: 'r7f3k2', status: 'done', lastIteration: 3 }, './rzero.db'),
    `Kept in ./rzero.db, its weights in ./rzero.db.weights. Next:
  # what it asked itself
  rzero show r7f3k2 --questions 20
  # all of it in the browser
  rzero dashboard
  # is the gain more than chance?
  rzero compare r7f3k2@0 r7f3k2@3
  # a public benchmark
  rzero eval --run r7f3k2@3 --benchmark gsm8k
  # the Solver, for other programs
  rzero export --run r7f3k2@3 --format safetensors --out ./r7f3k2`,
  );
});

test('a run that stopped early is gone on with first, and one without a trained Solver compares nothing', () => {
  assert.deepEqual(commandsOf(nextSteps({ runId: 'r1', status: 'interrupted', lastIteration: 0 }, 'a b.db')), [
    "resume r1 --db 'a b.db'",
    "show r1 --questions 20 --db 'a b.db'",
    "dashboard --db 'a b.db'",
  ]);
});

test('every command that is named exists with its flags', async () => {
  const runs = [
    { runId: 'r1', status: 'failed', lastIteration: null },
    { runId: 'r1', status: 'done', lastIteration: 2 },
  ] as const;
  for (const command of runs.flatMap((run) => commandsOf(nextSteps(run, 'mine.db')))) {
    const program = createProgram();
    for (const each of program.commands) each.action(() => {});
    await program.parseAsync(command.split(' '), { from: 'user' });
  }
});
