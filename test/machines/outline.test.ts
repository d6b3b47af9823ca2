import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHARTS } from '../../machines/draw.js';
import { type ChartState, chartOutline } from '../../machines/outline.js';

function all(state: ChartState): readonly ChartState[] {
  return [state, ...state.states.flatMap(all)];
}

for (const [name, machine] of Object.entries(CHARTS)) {
  test(`every arrow of the ${name} chart leads to a state that is drawn`, () => {
    const states = all(chartOutline(machine));
    const paths = new Set(states.map(({ path }) => path));
    assert.equal(paths.size, states.length);
    const targets = states.flatMap(({ arrows }) => arrows.map(({ to }) => to));
    assert.ok(targets.length > 0);
    assert.deepEqual(
      targets.filter((to) => !paths.has(to)),
      [],
    );
  });
}

test('a state is outlined with its work, its arrows and their guards', () => {
  const evaluating = chartOutline(CHARTS.evaluator).states.find(({ key }) => key === 'evaluating');
  assert.deepEqual(evaluating, {
    key: 'evaluating',
    path: 'evaluating',
    kind: 'atomic',
    isInitial: false,
    work: ['evaluate'],
    arrows: [
      { on: 'done', guard: null, to: 'idle' },
      { on: 'error', guard: null, to: 'failed' },
    ],
    states: [],
  });
});

test('the regions of the running supervisor are side by side, each with its first state', () => {
  const running = chartOutline(CHARTS.supervisor).states.find(({ key }) => key === 'running');
  assert.equal(running?.kind, 'parallel');
  assert.deepEqual(
    running?.states.map(({ path, states }) => [path, states.find(({ isInitial }) => isInitial)?.path]),
    [
      ['running.phase', 'running.phase.starting'],
      ['running.pace', 'running.pace.going'],
    ],
  );
});
