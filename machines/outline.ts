import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A state of a chart as a page draws it: plain data, with the states inside it. */
export interface ChartState {
  readonly key: string;
  /** Keys from the chart's root, joined by dots; empty for the root itself. */
  readonly path: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** Where the state around it begins. */
  readonly isInitial: boolean;
  /** The work that goes on in it, by name. */
  readonly work: readonly string[];
  readonly arrows: readonly ChartArrow[];
  readonly states: readonly ChartState[];
}

/** A transition to another state; messages that are only noted have none. */
export interface ChartArrow {
  /** The event's name, `done` or `error` of the work inside; empty for one that is taken as soon as its guard holds. */
  readonly on: string;
  readonly guard: string | null;
  /** The path of the state that it leads to. */
  readonly to: string;
}

/** The chart of a machine, from its root down. A return to a remembered state leads to the state around it. */
export function chartOutline(machine: AnyStateMachine): ChartState {
  return outline(machine.root);
}

function outline(node: AnyStateNode): ChartState {
  const [start] = node.parent?.type === 'compound' ? node.parent.initial.target : [];
  return {
    key: node.key,
    path: pathOf(node),
    kind: node.type === 'history' ? 'atomic' : node.type,
    isInitial: start === node,
    work: node.invoke.map(({ src }) => String(src)),
    arrows: arrowsOf(node),
    states: Object.values(node.states)
      .filter(({ type }: AnyStateNode) => type !== 'history')
      .map(outline),
  };
}

/** Each once: the errors of several pieces of work may lead to one state. */
function arrowsOf(node: AnyStateNode): readonly ChartArrow[] {
  const arrows = [...node.transitions.values(), node.always ?? []].flat().flatMap(({ target, eventType, guard }) =>
    (target ?? []).map((to: AnyStateNode) => ({
      on: eventName(eventType),
      guard: typeof guard === 'string' ? guard : null,
      to: pathOf(to.type === 'history' ? (to.parent ?? to) : to),
    })),
  );
  return [...new Map(arrows.map((arrow) => [Object.values(arrow).join('\n'), arrow])).values()];
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function eventName(eventType: string): string {
  if (eventType.startsWith('xstate.done.actor.')) return 'done';
  if (eventType.startsWith('xstate.error.actor.')) return 'error';
  return eventType;
}
