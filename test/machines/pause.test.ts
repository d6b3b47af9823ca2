import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allWork,
  complete,
  drive,
  inFlight,
  paceOf,
  persist,
  phaseOf,
  resumeRun,
  SMALL_PLAN,
  settle,
  startRun,
} from '../support/fake-work.js';

test('at every boundary a pause lets the work in flight end, starts nothing but the rest of a Solver step, and resumes', async () => {
  const workCount = allWork(SMALL_PLAN).length;
  for (let done = 0; done < workCount; done++) {
    const run = startRun();
    await drive(run, () => run.fake.finished.length >= done);
    const allowed = new Set(inFlight(run).map((key) => key.replace('solver.rollOut', 'solver.update')));
    const known = run.fake.started.length;
    run.actor.send({ type: 'run.pause' });
    await drive(run);
    assert.deepEqual(
      run.fake.started.slice(known).filter((key) => !allowed.has(key)),
      [],
    );
    if (run.actor.getSnapshot().status === 'active') assert.equal(paceOf(run), 'paused', `after ${done}`);
    run.actor.send({ type: 'run.resume' });
    await drive(run);
    assert.deepEqual([...run.fake.finished].sort(), allWork(SMALL_PLAN), `paused after ${done}`);
    assert.equal(phaseOf(run), 'done');
  }
});

test('a pause is pausing until each role is at rest', async () => {
  const run = startRun({ ...SMALL_PLAN, challengerSteps: 0 });
  await drive(run, () => inFlight(run).length === 2);
  run.actor.send({ type: 'run.pause' });
  assert.equal(paceOf(run), 'pausing');
  await complete(run, 'challenger.writeBatch 1/1');
  assert.equal(paceOf(run), 'pausing');
  await complete(run, 'solver.answer 1/curriculum/0');
  assert.equal(paceOf(run), 'paused');
  const paused = run.facts.filter(({ type }) => type === 'role.paused' || type === 'run.paused');
  assert.deepEqual(paused, [
    { type: 'role.paused', role: 'evaluator' },
    { type: 'role.paused', role: 'challenger' },
    { type: 'role.paused', role: 'solver' },
    { type: 'run.paused' },
  ]);
});

test('a pause waits for an iteration that is closing, and the next does not begin', async () => {
  const run = startRun();
  await drive(run, () => phaseOf(run) === 'closingIteration');
  run.actor.send({ type: 'run.pause' });
  assert.equal(paceOf(run), 'pausing');
  await complete(run, 'supervisor.closeIteration 1');
  assert.deepEqual([paceOf(run), phaseOf(run), inFlight(run)], ['paused', 'trainingChallenger', []]);
});

test('an iteration that was evaluated during a pause is closed after it', async () => {
  const run = startRun();
  await drive(run, () => phaseOf(run) === 'evaluating');
  run.actor.send({ type: 'run.pause' });
  await complete(run, 'evaluator.evaluate 1');
  assert.deepEqual([paceOf(run), phaseOf(run), inFlight(run)], ['paused', 'evaluating', []]);
  run.actor.send({ type: 'run.resume' });
  await settle();
  assert.deepEqual(inFlight(run), ['supervisor.closeIteration 1']);
});

test('a run resumed before it paused goes on without a break', async () => {
  const run = startRun();
  await settle();
  run.actor.send({ type: 'run.pause' });
  run.actor.send({ type: 'run.resume' });
  await complete(run, 'evaluator.evaluate 0');
  assert.deepEqual(inFlight(run), ['challenger.rollOut 1/0']);
});

test('a paused run is still paused when it is restored, until it is resumed', async () => {
  const run = startRun();
  await drive(run, () => phaseOf(run) === 'trainingSolver');
  run.actor.send({ type: 'run.pause' });
  await drive(run);
  const restored = resumeRun(persist(run));
  await settle();
  assert.deepEqual([paceOf(restored), inFlight(restored)], ['paused', []]);
  restored.actor.send({ type: 'run.resume' });
  await settle();
  assert.deepEqual(inFlight(restored), ['solver.rollOut 1/1']);
});
