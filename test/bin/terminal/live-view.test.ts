import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openLiveView } from '../../../bin/terminal/live-view.js';
import { openProgress } from '../../../bin/terminal/progress.js';
import { Screen } from '../../support/screen.js';

/** A view on a screen of so many columns, over a clock that the test sets. */
function viewOn(t: TestContext, columns: number) {
  const screen = new Screen(columns, 12);
  const clock = { ms: 0 };
  const view = openLiveView(screen, () => clock.ms);
  t.after(() => view.close());
  const at = (ms: number, done: number, label = 'iteration 1: write and vote'): void => {
    clock.ms = ms;
    view.update({ label, done, total: 200, unit: 'answers' });
  };
  return { screen, view, at };
}
const TRAINING = {
  phase: 'trainingSolver',
  pace: 'going',
  iteration: 1,
  iterations: 3,
  steps: { done: 0, total: 8 },
} as const;

test('the state and the bars stand below the lines that stay, and are drawn over', async (t) => {
  const { screen, view, at } = viewOn(t, 80);
  view.say('run r1');
  view.state(TRAINING);
  at(0, 0);
  at(2000, 50);
  view.say('iteration 1  math 82.7');
  assert.deepEqual(await screen.lines(), [
    'run r1',
    'iteration 1  math 82.7',
    'iteration 1 of 3: training the Solver, step 1 of 8',
    'iteration 1: write and vote  ██░░░░░░░  50/200 answers, 25 answers/s, 6.0 s left',
  ]);
});

test('a task that ended takes its bar along, and closing leaves only the lines that stay', async (t) => {
  const { screen, view, at } = viewOn(t, 80);
  view.state(TRAINING);
  at(0, 0);
  at(0, 0, 'another');
  at(100, 200);
  assert.deepEqual(await screen.lines(), [
    'iteration 1 of 3: training the Solver, step 1 of 8',
    'another  ░░░░░░░░░░░░░░░░░░░░░░░░  0/200 answers',
  ]);
  view.say('iteration 1  math 82.7');
  view.close();
  screen.write('the report');
  assert.deepEqual(await screen.lines(), ['iteration 1  math 82.7', 'the report']);
});

test('a terminal that gets narrower, and wider again, is left with no remains of old lines', async (t) => {
  const { screen, view, at } = viewOn(t, 80);
  view.say('run r1');
  view.state(TRAINING);
  at(0, 0);
  at(2000, 50);
  await screen.resize(40);
  assert.deepEqual(await screen.lines(), [
    'run r1',
    '1 of 3: training the Solver, 1 of 8',
    'iteration 1: write and vote  50/200',
  ]);
  await screen.resize(80);
  assert.deepEqual((await screen.lines()).slice(0, 2), [
    'run r1',
    'iteration 1 of 3: training the Solver, step 1 of 8',
  ]);
  assert.equal((await screen.lines()).length, 3);
});

test('nothing on a narrow screen wraps', async (t) => {
  const { screen, view, at } = viewOn(t, 24);
  view.state(TRAINING);
  at(0, 0);
  at(2000, 50);
  assert.deepEqual(await screen.lines(), ['1 of 3: training the So…', 'iteration 1: wr…  50/200']);
  assert.equal(await screen.wraps(), false);
});

test('a dumb terminal, one in CI, and one of no size get lines; --quiet nothing', async (t) => {
  const environment = { ...process.env };
  t.after(() => {
    process.env = environment;
  });
  const shown = async (changes: NodeJS.ProcessEnv, quiet = false, columns = 80): Promise<readonly string[]> => {
    process.env = { TERM: 'xterm', ...changes };
    const screen = new Screen(80, 12);
    screen.columns = columns;
    const progress = openProgress(screen, quiet);
    progress.state(TRAINING);
    const lines = await screen.lines();
    progress.close();
    return lines;
  };
  const LINE = ['iteration 1 of 3: training the Solver'];
  assert.deepEqual(await shown({}), ['iteration 1 of 3: training the Solver, step 1 of 8']);
  assert.deepEqual(await shown({ CI: 'true' }), LINE);
  assert.deepEqual(await shown({ TERM: 'dumb' }), LINE);
  assert.deepEqual(await shown({}, false, 0), LINE);
  assert.deepEqual(await shown({}, true), []);
});
