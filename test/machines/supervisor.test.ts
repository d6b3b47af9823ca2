import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { supervisorMachine } from '../../machines/supervisor.js';
import {
  allWork,
  drive,
  type FakeRun,
  FakeWork,
  find,
  phaseOf,
  SMALL_PLAN,
  settle,
  startRun,
} from '../support/fake-work.js';

/** The phases that the run is seen in until it ends, each work ended in the order it began. */
async function path(run: FakeRun): Promise<string[]> {
  const seen = [phaseOf(run)];
  run.actor.subscribe(() => {
    if (seen.at(-1) !== phaseOf(run)) seen.push(phaseOf(run));
  });
  await drive(run);
  return seen;
}

const ITERATION = ['trainingChallenger', 'writingCurriculum', 'trainingSolver', 'evaluating', 'closingIteration'];

test('a run evaluates the base, then goes through every phase of each iteration', async () => {
  const run = startRun();
  assert.deepEqual(await path(run), ['evaluatingBase', ...ITERATION, ...ITERATION, 'done']);
  assert.deepEqual([...run.fake.finished].sort(), allWork(SMALL_PLAN));
  assert.deepEqual(run.actor.getSnapshot().output, { kind: 'done', iteration: 2 });
});

test('zero Challenger steps leave it untrained', async () => {
  const run = startRun({ ...SMALL_PLAN, iterations: 1, challengerSteps: 0 });
  assert.deepEqual(await path(run), ['evaluatingBase', ...ITERATION.slice(1), 'done']);
  assert.deepEqual([...run.fake.finished].sort(), allWork({ ...SMALL_PLAN, iterations: 1, challengerSteps: 0 }));
});

test('a run that starts at a later iteration does not evaluate the base again', async () => {
  const run = startRun({ ...SMALL_PLAN, startIteration: 2 });
  assert.deepEqual(await path(run), [...ITERATION, 'done']);
  assert.ok(
    run.fake.finished.every((key) => / 2(\/|$)/.test(key)),
    run.fake.finished.join(', '),
  );
});

test('every fact is told, in the order it happened', async () => {
  const run = startRun({ ...SMALL_PLAN, iterations: 1, challengerSteps: 1, curriculumBatches: 1, solverSteps: 1 });
  await drive(run);
  const questions = { iteration: 1, index: 0, questionCount: 10, validCount: 8 };
  const batch = { iteration: 1, index: 0 };
  const update = { iteration: 1, step: 0, rewardMean: 0.5, loss: 0.1, kl: 0.01, skipped: false };
  assert.deepEqual(run.facts, [
    { type: 'solver.evaluated', iteration: 0, math: 50, general: 60 },
    { type: 'iteration.started', iteration: 1 },
    { type: 'questions.written', purpose: 'challenger', ...questions },
    { type: 'answers.given', purpose: 'challenger', ...batch, answerCount: 80 },
    { type: 'votes.counted', purpose: 'challenger', ...batch, votedCount: 8, keptCount: 4 },
    { type: 'challenger.updated', ...update },
    { type: 'challenger.trained', iteration: 1, stepCount: 1 },
    { type: 'questions.written', purpose: 'curriculum', ...questions },
    { type: 'answers.given', purpose: 'curriculum', ...batch, answerCount: 80 },
    { type: 'votes.counted', purpose: 'curriculum', ...batch, votedCount: 8, keptCount: 4 },
    { type: 'curriculum.written', iteration: 1, questionCount: 10, validCount: 8, keptCount: 4 },
    { type: 'solver.rolledOut', iteration: 1, step: 0, questionCount: 4, zeroVarianceCount: 1 },
    { type: 'solver.updated', ...update },
    { type: 'solver.trained', iteration: 1, stepCount: 1, skippedCount: 0 },
    { type: 'solver.evaluated', iteration: 1, math: 50, general: 60 },
    { type: 'iteration.closed', iteration: 1 },
    { type: 'run.ended', outcome: { kind: 'done', iteration: 1 } },
  ]);
});

test('a curriculum without a valid question ends the run', async () => {
  const run = startRun(
    SMALL_PLAN,
    new FakeWork({ 'challenger.writeBatch': () => ({ questionCount: 10, validCount: 0 }) }),
  );
  assert.equal((await path(run)).at(-1), 'nothingLeft');
  assert.deepEqual(run.actor.getSnapshot().output, { kind: 'nothingLeft', reason: 'no_valid_questions', iteration: 1 });
});

test('a curriculum of which nothing is kept ends the run', async () => {
  const keptCount = (iteration: number): number => (iteration === 2 ? 0 : 4);
  const run = startRun(
    SMALL_PLAN,
    new FakeWork({ 'evaluator.vote': ({ iteration }) => ({ votedCount: 8, keptCount: keptCount(iteration) }) }),
  );
  assert.equal((await path(run)).at(-1), 'nothingLeft');
  assert.deepEqual(run.actor.getSnapshot().output, { kind: 'nothingLeft', reason: 'nothing_kept', iteration: 2 });
});

test('an iteration whose Solver steps were all skipped ends the run, and one skipped step does not', async () => {
  const skip = (...steps: number[]): FakeWork =>
    new FakeWork({
      'solver.update': ({ step }) => ({ rewardMean: 1, loss: 0, kl: 0, skipped: steps.includes(step) }),
    });
  const all = startRun(SMALL_PLAN, skip(0, 1));
  assert.equal((await path(all)).at(-1), 'nothingLeft');
  assert.deepEqual(all.actor.getSnapshot().output, { kind: 'nothingLeft', reason: 'no_signal', iteration: 1 });
  assert.equal((await path(startRun(SMALL_PLAN, skip(1)))).at(-1), 'done');
});

for (const key of [
  'evaluator.evaluate 0',
  'challenger.rollOut 1/0',
  'solver.answer 1/challenger/1',
  'evaluator.vote 1/challenger/1',
  'challenger.update 2/1',
  'challenger.writeBatch 1/2',
  'solver.answer 1/curriculum/0',
  'evaluator.vote 2/curriculum/0',
  'solver.rollOut 1/0',
  'solver.update 2/1',
  'evaluator.evaluate 2',
  'supervisor.closeIteration 1',
]) {
  test(`a failure of ${key} ends the run with its cause, and nobody hears the work that was in flight`, async () => {
    const run = startRun();
    await drive(run, () => run.fake.pending.some((call) => call.key === key));
    find(run, key).fail(new RangeError('no luck'));
    await settle();
    assert.equal(phaseOf(run), 'failed');
    const outcome = run.actor.getSnapshot().output;
    assert.equal(outcome?.kind, 'failed');
    const [role, work, iteration] = key.split(/[. /]/);
    assert.deepEqual([outcome.role, outcome.work, outcome.iteration], [role, work, Number(iteration)]);
    assert.deepEqual([outcome.error.name, outcome.error.message], ['RangeError', 'no luck']);
    const facts = run.facts.length;
    for (const call of [...run.fake.pending]) {
      assert.equal(call.signal.aborted, true);
      call.fail(new Error('interrupted'));
    }
    await settle();
    assert.equal(run.facts.length, facts);
  });
}

test('work that breaks its promise fails the run by the name of the role', async () => {
  const run = startRun(SMALL_PLAN, new FakeWork({ 'solver.update': () => JSON.parse('null') }));
  await drive(run);
  const outcome = run.actor.getSnapshot().output;
  assert.equal(outcome?.kind, 'failed');
  assert.deepEqual([outcome.role, outcome.work], ['solver', 'chart']);
});

test('a chart without its work fails by the name of what it lacks', async () => {
  const actor = createActor(supervisorMachine, { input: SMALL_PLAN }).start();
  await settle();
  const outcome = actor.getSnapshot().output;
  assert.equal(outcome?.kind, 'failed');
  assert.match(outcome.error.message, /the evaluator chart has no work "evaluate"/);
});
