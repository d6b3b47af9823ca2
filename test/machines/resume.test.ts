import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunPlan } from '../../machines/progress.js';
import {
  allWork,
  type FakeRun,
  inFlight,
  paceOf,
  persist,
  phaseOf,
  resumeRun,
  SMALL_PLAN,
  settle,
  startRun,
} from '../support/fake-work.js';

/** Restored through JSON, persisted again, restored again: what a run resumed twice is. */
async function resumeTwice(snapshotText: string): Promise<FakeRun> {
  const first = resumeRun(snapshotText);
  await settle();
  const again = persist(first);
  assert.equal(again, snapshotText, 'a restored run persists as it was');
  first.actor.stop();
  const second = resumeRun(again);
  await settle();
  return second;
}

/** A state that a run was found in. */
interface Reached {
  readonly snapshotText: string;
  readonly phase: string;
  readonly pace: string;
  /** The work finished on the way here, and the work in flight, sorted. */
  readonly finished: readonly string[];
  readonly inFlight: readonly string[];
}

/** Every state that can be reached, in whatever order work ends and whenever a person types one of `commands`. Each
 *  move is made by a run that was resumed twice, so all of them together are every way to be killed and go on. */
async function explore(
  plan: RunPlan,
  commands: readonly ('run.pause' | 'run.resume')[],
): Promise<ReadonlyMap<string, Reached>> {
  const reached = new Map<string, Reached>();
  const waiting: Reached[] = [];
  const note = (run: FakeRun, finished: readonly string[]): void => {
    const state: Reached = {
      snapshotText: persist(run),
      phase: phaseOf(run),
      pace: paceOf(run),
      finished: [...finished].sort(),
      inFlight: inFlight(run),
    };
    const known = reached.get(state.snapshotText);
    if (known === undefined) {
      reached.set(state.snapshotText, state);
      waiting.push(state);
    } else {
      assert.deepEqual(known.finished, state.finished, 'a snapshot tells which work was finished');
    }
  };
  const first = startRun(plan);
  await settle();
  note(first, []);
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const ends = state.inFlight.map((_, index) => (run: FakeRun) => run.fake.pending[index]?.complete());
    const types = state.phase === 'done' ? [] : commands.map((type) => (run: FakeRun) => run.actor.send({ type }));
    for (const move of [...ends, ...types]) {
      const run = await resumeTwice(state.snapshotText);
      assert.deepEqual(inFlight(run), state.inFlight, 'the work in flight is called again, and nothing else');
      move(run);
      await settle();
      for (const key of run.fake.finished) assert.ok(!state.finished.includes(key), `${key} was finished twice`);
      note(run, [...state.finished, ...run.fake.finished]);
      run.actor.stop();
    }
  }
  return reached;
}

test('a run killed and resumed at any moment does all work once, whatever order it ends in', async () => {
  const reached = await explore(SMALL_PLAN, []);
  for (const state of reached.values()) {
    if (state.phase === 'done') assert.deepEqual(state.finished, allWork(SMALL_PLAN));
    else
      assert.notEqual(
        state.inFlight.length,
        0,
        `stuck in ${state.phase} after ${state.finished.length} pieces of work`,
      );
  }
  assert.ok([...reached.values()].some(({ phase }) => phase === 'done'));
  assert.ok(
    [...reached.values()].some((state) => state.inFlight.length === 3),
    'all three roles were at work at once',
  );
});

test('a run paused, resumed and killed at any moment does all work once', async () => {
  const plan = { ...SMALL_PLAN, iterations: 1, challengerSteps: 1, solverSteps: 1 };
  const reached = await explore(plan, ['run.pause', 'run.resume']);
  for (const state of reached.values()) {
    if (state.phase === 'done') assert.deepEqual(state.finished, allWork(plan));
    else assert.equal(state.inFlight.length === 0, state.pace === 'paused', `${state.phase}, ${state.pace}`);
  }
  const pausedIn = new Set([...reached.values()].filter(({ pace }) => pace === 'paused').map(({ phase }) => phase));
  assert.deepEqual([...pausedIn].sort(), ['evaluating', 'trainingChallenger', 'trainingSolver', 'writingCurriculum']);
});

test('work that ended after the last snapshot is done again, and no other', async () => {
  const piece = fc.record({ choice: fc.nat(2), together: fc.boolean(), stored: fc.boolean(), killed: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 120, maxLength: 120 }), async (pieces) => {
      let run = startRun();
      await settle();
      let stored = { text: persist(run), finished: [] as readonly string[] };
      const before = (): readonly string[] => [...stored.finished, ...run.fake.finished];
      for (const { choice, together, stored: store, killed } of pieces) {
        run.fake.pending[choice % run.fake.pending.length]?.complete();
        if (together) run.fake.pending[0]?.complete(); // ends before anything follows from the other
        await settle();
        if (store) {
          const finished = before();
          run.fake.finished.length = 0;
          stored = { text: persist(run), finished };
        }
        if (killed) {
          run.actor.stop();
          run = await resumeTwice(stored.text);
        }
      }
      while (run.fake.pending.length > 0) {
        run.fake.pending[0]?.complete();
        await settle();
      }
      assert.deepEqual([...before()].sort(), allWork(SMALL_PLAN));
      run.actor.stop();
    }),
    { numRuns: 15 },
  );
});

test('every snapshot is under 3 kB', async () => {
  for (const text of (await explore({ ...SMALL_PLAN, iterations: 1 }, [])).keys()) {
    assert.ok(text.length < 3000, text);
  }
});

test('a run that was stopped aborts the work in flight and hears nothing of it', async () => {
  const run = startRun();
  await settle();
  const [evaluation] = run.fake.pending;
  run.actor.stop();
  assert.equal(evaluation?.signal.aborted, true);
  evaluation?.fail(new Error('interrupted'));
  await settle();
  assert.deepEqual(run.facts, []);
});
