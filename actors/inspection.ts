import { Actor, type AnyActorRef, type InspectionEvent, type Snapshot, StateMachine } from 'xstate';
import { type ChartState, chartOutline } from '../machines/outline.js';
import type { OnTask } from '../src/workers/task-times.js';

/** What someone who looks on as a run goes is told of its actors, as xstate tells it and in plain words. */

/** An inspection event of xstate. */
export type Inspection = InspectionEvent;

/** Looks on; whatever it does, the run goes its way. Neither may throw. */
export interface Watcher {
  readonly onInspection: (event: Inspection) => void;
  readonly onTask: OnTask;
}

/** One thing that an actor did. Actors are named by their place in the system, ids from its root on joined by `/`: work that
 *  is done again has the same name. */
export type Sighting =
  | {
      readonly kind: 'actor';
      readonly path: string;
      /** Null for the root. */
      readonly parent: string | null;
      /** Short, for people: the name of its work, or its id. */
      readonly name: string;
      /** Null for work, which has none. */
      readonly chart: ChartState | null;
    }
  | {
      readonly kind: 'event';
      /** Null for what came from outside of the system. */
      readonly from: string | null;
      readonly to: string;
      readonly type: string;
      readonly event: object;
    }
  | {
      readonly kind: 'state';
      readonly path: string;
      readonly status: Snapshot<unknown>['status'];
      /** The states of a chart that it is in; undefined for work. */
      readonly value: unknown;
      readonly context: unknown;
      /** What it ended with; undefined before. */
      readonly output: unknown;
      readonly error: unknown;
    };

/** What the event says; null for what says nothing new, such as the small steps of a transition. */
export function sighting(event: Inspection): Sighting | null {
  const { actorRef } = event;
  if (!(actorRef instanceof Actor)) return null;
  switch (event.type) {
    case '@xstate.actor':
      return {
        kind: 'actor',
        path: pathOf(actorRef),
        parent: actorRef._parent === undefined ? null : pathOf(actorRef._parent),
        name:
          actorRef.logic instanceof StateMachine || typeof actorRef.src !== 'string' ? idOf(actorRef) : actorRef.src,
        chart: actorRef.logic instanceof StateMachine ? chartOutline(actorRef.logic) : null,
      };
    case '@xstate.event': {
      const { sourceRef, event: sent } = event;
      if (sent.type.startsWith('xstate.promise.')) return null; // work to itself, before it tells who asked for it
      const from = sourceRef instanceof Actor ? pathOf(sourceRef) : null;
      return { kind: 'event', from, to: pathOf(actorRef), type: sent.type, event: sent };
    }
    case '@xstate.snapshot':
      return state(actorRef, event.snapshot);
    default:
      return null;
  }
}

/** The state that an actor is in now; null before it has one. */
export function currentState({ actorRef }: Inspection): Extract<Sighting, { kind: 'state' }> | null {
  if (!(actorRef instanceof Actor)) return null;
  const snapshot: Snapshot<unknown> | undefined = actorRef.getSnapshot();
  return snapshot === undefined ? null : state(actorRef, snapshot);
}

function state(actor: AnyActorRef, snapshot: Snapshot<unknown>): Extract<Sighting, { kind: 'state' }> {
  const { status, output, error } = snapshot;
  const { value, context } = { value: undefined, context: undefined, ...snapshot };
  return { kind: 'state', path: pathOf(actor), status, value, context, output, error };
}

/** The ids on the way to an actor. */
function pathOf(actor: AnyActorRef): string {
  return actor._parent === undefined ? idOf(actor) : `${pathOf(actor._parent)}/${idOf(actor)}`;
}

/** A root is given no id by whom starts it; its chart has one. */
function idOf(actor: AnyActorRef): string {
  const { id, sessionId } = actor;
  return id === sessionId && actor instanceof Actor && actor.logic instanceof StateMachine ? actor.logic.id : id;
}
