import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { challengerMachine } from './challenger.js';
import { evaluatorMachine } from './evaluator.js';
import { solverMachine } from './solver.js';
import { supervisorMachine } from './supervisor.js';

/** The charts by name, without their work. */
export const CHARTS = {
  supervisor: supervisorMachine,
  challenger: challengerMachine,
  solver: solverMachine,
  evaluator: evaluatorMachine,
} as const satisfies Record<string, AnyStateMachine>;

/** The chart as JSON that Stately's editor and `createMachine` read. Actions, guards and work appear by name; how they
 *  compute their inputs is code and is left out. */
export function chartJson(machine: AnyStateMachine): string {
  return JSON.stringify(machine.config, null, 2);
}

/** The chart as a Mermaid `stateDiagram-v2`. Messages that are only noted (transitions without a target) are left out,
 *  and a return to a remembered state is drawn to the state around it. Mermaid draws arrows that leave a parallel state
 *  only from its first region (its issue 5096), so the region with such arrows comes first in a chart. */
export function chartMermaid(machine: AnyStateMachine): string {
  const root: AnyStateNode = machine.root;
  return `${['stateDiagram-v2', ...indent(inside(root, arrowsFrom(root)))].join('\n')}\n`;
}

/** A transition as it is drawn. */
interface Arrow {
  /** The innermost state that holds both ends: Mermaid wants the arrow written there. */
  readonly within: AnyStateNode;
  readonly text: string;
}

/** The states in `node` and the arrows between them, with `--` between the regions of a parallel one. */
function inside(node: AnyStateNode, arrows: readonly Arrow[]): string[] {
  const children = statesOf(node).map((child) => state(child, arrows));
  const separated =
    node.type === 'parallel' ? children.flatMap((lines, i) => (i === 0 ? lines : ['--', ...lines])) : children.flat();
  const [start] = node.type === 'compound' ? node.initial.target : [];
  const own = new Set(arrows.filter(({ within }) => within === node).map(({ text }) => text));
  return [...(start === undefined ? [] : [`[*] --> ${idOf(start)}`]), ...separated, ...own];
}

function state(node: AnyStateNode, arrows: readonly Arrow[]): string[] {
  const id = idOf(node);
  const nested = inside(node, arrows);
  return [
    ...(nested.length === 0
      ? [`state "${node.key}" as ${id}`]
      : [`state "${node.key}" as ${id} {`, ...indent(nested), '}']),
    ...node.invoke.map(({ src }) => `${id} : work ${String(src)}`),
    ...(node.type === 'final' ? [`${id} --> [*]`] : []),
  ];
}

/** The arrows that leave `node` and all states in it. */
function arrowsFrom(node: AnyStateNode): readonly Arrow[] {
  const transitions = [...node.transitions.values(), node.always ?? []].flat();
  const own = transitions.flatMap(({ target, eventType, guard }) =>
    (target ?? []).map((to: AnyStateNode) => {
      const [from, end] = [drawn(node), drawn(to)];
      const label = [eventLabel(eventType), typeof guard === 'string' ? `[${guard}]` : ''].join(' ').trim();
      return { within: around(from, end), text: `${idOf(from)} --> ${idOf(end)}${label === '' ? '' : ` : ${label}`}` };
    }),
  );
  return [...own, ...statesOf(node).flatMap(arrowsFrom)];
}

/** The innermost state around both. */
function around(from: AnyStateNode, to: AnyStateNode): AnyStateNode {
  let node = from.parent ?? from;
  while (!node.path.every((key, depth) => depth < to.path.length - 1 && to.path[depth] === key))
    node = node.parent ?? from.machine.root;
  return node;
}

/** The state that stands for `node` in the picture: the one around a history state, the first one for the root. */
function drawn(node: AnyStateNode): AnyStateNode {
  if (node.type === 'history') return node.parent ?? node;
  return node.parent === undefined ? (node.initial.target[0] ?? node) : node;
}

function statesOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states).filter((child) => child.type !== 'history');
}

/** Mermaid's ids are global, so a state's is its whole path. */
function idOf(node: AnyStateNode): string {
  return node.path.join('_');
}

function eventLabel(eventType: string): string {
  if (eventType.startsWith('xstate.done.actor.')) return 'done';
  if (eventType.startsWith('xstate.error.actor.')) return 'error';
  return eventType;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
