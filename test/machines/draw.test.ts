import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyStateNode, createMachine } from 'xstate';
import { CHARTS, chartJson, chartMermaid } from '../../machines/draw.js';
import { provideEvaluator } from '../../machines/evaluator.js';

function statesIn(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child: AnyStateNode) => [child, ...statesIn(child)]);
}

/** All of a state that is drawn: actions, guards and work by name. */
function described(node: AnyStateNode) {
  return {
    id: node.id,
    type: node.type,
    initial: node.type === 'compound' ? node.initial.target.map(({ id }: AnyStateNode) => id) : [],
    work: node.invoke.map(({ src, id, systemId }) => ({ src, id, systemId })),
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    transitions: [...node.transitions.values(), node.always ?? []]
      .flat()
      .map(({ eventType, guard, target, actions, reenter }) => ({
        eventType,
        guard,
        target: (target ?? []).map(({ id }: AnyStateNode) => id),
        actions: actions.map(nameOf),
        reenter,
      })),
  };
}

const nameOf = (action: unknown): unknown =>
  typeof action === 'object' && action !== null && 'type' in action ? action.type : action;

for (const [name, machine] of Object.entries(CHARTS)) {
  test(`the Mermaid text of the ${name} chart names each of its states once`, () => {
    const text = chartMermaid(machine);
    for (const { type, key, path } of statesIn(machine.root)) {
      const declaration = `state "${key}" as ${path.join('_')}`;
      const count = text.split('\n').filter((line) => [declaration, `${declaration} {`].includes(line.trim())).length;
      assert.equal(count, type === 'history' ? 0 : 1, declaration);
    }
  });

  test(`the JSON of the ${name} chart makes a machine with the same states, transitions and work`, () => {
    const again = createMachine(JSON.parse(chartJson(machine)));
    const states = [machine.root, ...statesIn(machine.root)].map(described);
    assert.ok(states.some(({ transitions }) => transitions.length > 0));
    assert.deepEqual([again.root, ...statesIn(again.root)].map(described), states);
  });
}

test('the Evaluator is drawn with its work, its arrows and their guards', () => {
  assert.equal(
    chartMermaid(CHARTS.evaluator),
    `stateDiagram-v2
  [*] --> idle
  state "idle" as idle
  state "voting" as voting
  voting : work vote
  state "evaluating" as evaluating
  evaluating : work evaluate
  state "paused" as paused
  state "failed" as failed
  idle --> paused : [pauseRequested]
  idle --> voting : [hasAnswers]
  idle --> evaluating : [evaluationRequested]
  voting --> idle : done
  voting --> failed : error
  evaluating --> idle : done
  evaluating --> failed : error
  paused --> idle : [resumed]
`,
  );
});

test('an arrow is written in the innermost state that holds both of its ends', () => {
  const text = chartMermaid(CHARTS.supervisor);
  assert.match(text, /^ {6}running_phase_evaluating --> running_phase_closingIteration : \[mayClose\]$/m);
  assert.match(text, /^ {2}running_phase_closingIteration --> done : done \[lastIteration\]$/m);
  assert.match(text, /^ {4}--$/m);
});

test('a chart with a part of its work missing does not compile', () => {
  // @ts-expect-error: there is no vote
  provideEvaluator({ evaluate: async () => ({ math: 0, general: 0 }) });
});
