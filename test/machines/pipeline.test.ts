import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WRITE_AHEAD_BATCHES } from '../../machines/challenger.js';
import { complete, drive, type FakeRun, inFlight, phaseOf, SMALL_PLAN, startRun } from '../support/fake-work.js';

/** A run with an untrained Challenger that has just begun to write. */
async function writingRun(curriculumBatches: number): Promise<FakeRun> {
  const run = startRun({ ...SMALL_PLAN, challengerSteps: 0, curriculumBatches });
  await drive(run, () => phaseOf(run) === 'writingCurriculum');
  return run;
}

test('the Challenger writes batch 2 and the Evaluator votes on batch 0 while the Solver answers batch 1', async () => {
  const run = await writingRun(3);
  assert.deepEqual(inFlight(run), ['challenger.writeBatch 1/0']);
  await complete(run, 'challenger.writeBatch 1/0');
  assert.deepEqual(inFlight(run), ['challenger.writeBatch 1/1', 'solver.answer 1/curriculum/0']);
  await complete(run, 'challenger.writeBatch 1/1');
  await complete(run, 'solver.answer 1/curriculum/0');
  assert.deepEqual(inFlight(run), [
    'challenger.writeBatch 1/2',
    'evaluator.vote 1/curriculum/0',
    'solver.answer 1/curriculum/1',
  ]);
});

test('writing stops when as many batches as allowed wait for the Solver', async () => {
  const run = await writingRun(9);
  await complete(run, 'challenger.writeBatch 1/0');
  await complete(run, 'challenger.writeBatch 1/1');
  assert.deepEqual(inFlight(run), ['solver.answer 1/curriculum/0']);
  assert.equal(WRITE_AHEAD_BATCHES, 2);
  await complete(run, 'solver.answer 1/curriculum/0');
  assert.deepEqual(inFlight(run), [
    'challenger.writeBatch 1/2',
    'evaluator.vote 1/curriculum/0',
    'solver.answer 1/curriculum/1',
  ]);
});

test('batches are answered and voted on in the order they were written, however slow the votes', async () => {
  const run = await writingRun(3);
  for (const key of ['challenger.writeBatch 1/0', 'challenger.writeBatch 1/1', 'solver.answer 1/curriculum/0']) {
    await complete(run, key);
  }
  await complete(run, 'challenger.writeBatch 1/2');
  await complete(run, 'solver.answer 1/curriculum/1');
  await complete(run, 'solver.answer 1/curriculum/2');
  assert.deepEqual(inFlight(run), ['evaluator.vote 1/curriculum/0']);
  await complete(run, 'evaluator.vote 1/curriculum/0');
  assert.deepEqual(inFlight(run), ['evaluator.vote 1/curriculum/1']);
});

test('the Solver trains only when the last batch has its votes', async () => {
  const run = await writingRun(2);
  await drive(run, () => inFlight(run).join() === 'evaluator.vote 1/curriculum/1');
  assert.equal(phaseOf(run), 'writingCurriculum');
  await complete(run, 'evaluator.vote 1/curriculum/1');
  assert.deepEqual(inFlight(run), ['solver.rollOut 1/0']);
});

test('the Challenger updates only when the questions of the step have their votes', async () => {
  const run = startRun();
  await drive(run, () => phaseOf(run) === 'trainingChallenger');
  for (const step of [0, 1]) {
    for (const key of ['challenger.rollOut 1/', 'solver.answer 1/challenger/', 'evaluator.vote 1/challenger/']) {
      assert.deepEqual(inFlight(run), [`${key}${step}`]);
      await complete(run, `${key}${step}`);
    }
    assert.deepEqual(inFlight(run), [`challenger.update 1/${step}`]);
    await complete(run, `challenger.update 1/${step}`);
  }
});
