import type {
  ActorTold,
  EventTold,
  InspectorMessage,
  ProgressTold,
  StateTold,
  WorkersTold,
} from '../../inspect/messages.js';

/** What the page knows of a run: the latest of each actor and the last messages between them, bounded as the server's feed is. */

export interface KnownActor extends ActorTold {
  /** Null before its first snapshot. */
  readonly state: StateTold | null;
}

/** A message between actors with its place in the order of all that this page heard. */
export interface HeardEvent extends EventTold {
  readonly number: number;
}

const ACTOR_COUNT = 300;
const EVENT_COUNT = 500;

export class Model {
  rzeroVersion = '';
  readonly actors = new Map<string, KnownActor>();
  events: readonly HeardEvent[] = [];
  workers: WorkersTold['workers'] = [];
  progress: ProgressTold | null = null;
  ended = false;
  private heardCount = 0;

  /** What people call the actor at a path; null is whoever is outside of the system. */
  nameOf(path: string | null): string {
    if (path === null) return 'outside';
    const actor = this.actors.get(path);
    if (actor === undefined) return path;
    return actor.chart === null ? `work ${actor.name}` : actor.name;
  }

  hear(message: InspectorMessage): void {
    switch (message.kind) {
      case 'opening':
        this.rzeroVersion = message.rzeroVersion;
        this.actors.clear();
        this.events = [];
        this.workers = [];
        this.progress = null;
        this.ended = false;
        return;
      case 'actor': {
        // What is started again has not said anything yet.
        this.actors.set(message.path, { ...message, state: null });
        const oldest = [...this.actors.values()].find(({ chart }) => chart === null);
        if (this.actors.size > ACTOR_COUNT && oldest !== undefined) this.actors.delete(oldest.path);
        return;
      }
      case 'state': {
        const actor = this.actors.get(message.path);
        if (actor !== undefined) this.actors.set(message.path, { ...actor, state: message });
        return;
      }
      case 'event':
        this.events = [...this.events.slice(1 - EVENT_COUNT), { ...message, number: this.heardCount++ }];
        return;
      case 'workers':
        this.workers = message.workers;
        return;
      case 'progress':
        this.progress = message;
        return;
      case 'ended':
        this.ended = true;
    }
  }
}

/** The actors below each other: each one after the one that started it, in the order they came. */
export function inTreeOrder(actors: Iterable<KnownActor>): readonly KnownActor[] {
  const all = [...actors];
  const under = (parent: string | null): readonly KnownActor[] =>
    all.filter((actor) => actor.parent === parent).flatMap((actor) => [actor, ...under(actor.path)]);
  return under(null);
}

/** The innermost states of a chart's value, such as `trainingSolver, going`; the status of work. */
export function stateText({ chart, state }: KnownActor): string {
  if (state === null) return 'starting';
  return chart === null || state.status !== 'active' ? state.status : leavesOf(state.value).join(', ');
}

function leavesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [];
}

/** The name of an event as people say it: xstate has long ones for the end of work. */
export function eventText(type: string): string {
  if (type.startsWith('xstate.done.actor.')) return 'done';
  if (type.startsWith('xstate.error.actor.')) return 'error';
  return type === 'xstate.init' ? 'start' : type;
}

/** Whether an event is one that the reader looks for; `only` is an actor's path, or null for all. */
export function isWanted({ from, to, type }: EventTold, words: string, only: string | null): boolean {
  if (only !== null && from !== only && to !== only) return false;
  const text = `${from ?? ''} ${to} ${eventText(type)} ${type}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
