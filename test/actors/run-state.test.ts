import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runState } from '../../actors/run-state.js';
import { drive, type FakeRun, persist, resumeRun, SMALL_PLAN, settle, startRun } from '../support/fake-work.js';

/** The states that a run is seen in, as `phase iteration done/total`, each work ended in the order it began. */
async function path(run: FakeRun): Promise<readonly string[]> {
  const seen: string[] = [];
  const see = (): void => {
    const state = runState(run.actor.getSnapshot());
    const steps = state?.steps === null || state === null ? '' : ` ${state.steps.done}/${state.steps.total}`;
    const line = state === null ? 'over' : `${state.phase} ${state.iteration}${steps}`;
    if (seen.at(-1) !== line) seen.push(line);
  };
  see();
  run.actor.subscribe(see);
  await drive(run);
  return seen;
}

test('a state counts the steps and batches of its phase', async () => {
  assert.deepEqual(await path(startRun({ ...SMALL_PLAN, iterations: 1 })), [
    'evaluatingBase 0',
    'trainingChallenger 1 0/2',
    'trainingChallenger 1 1/2',
    'trainingChallenger 1 2/2',
    'writingCurriculum 1 0/3',
    'writingCurriculum 1 1/3',
    'writingCurriculum 1 2/3',
    'trainingSolver 1 0/2',
    'trainingSolver 1 1/2',
    'trainingSolver 1 2/2',
    'evaluating 1',
    'closingIteration 1',
    'over',
  ]);
});

test('a restored run is in the state in which it was kept', async () => {
  const run = startRun();
  while (runState(run.actor.getSnapshot())?.steps?.done !== 1) {
    run.fake.pending[0]?.complete();
    await settle();
  }
  const state = runState(run.actor.getSnapshot());
  assert.deepEqual(state, {
    phase: 'trainingChallenger',
    pace: 'going',
    iteration: 1,
    iterations: 2,
    steps: { done: 1, total: 2 },
  });
  assert.deepEqual(runState(resumeRun(persist(run)).actor.getSnapshot()), state);
});
