import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { currentState, type Inspection, type Sighting, sighting } from '../../actors/inspection.js';
import { bounded, boundedFields } from './bounded.js';
import { Feed } from './feed.js';
import { RateLimit } from './rate-limit.js';

/**
 * The run in the words of Stately's own inspector, made by @statelyai/inspect.
 *
 * - The package's server listens on all interfaces, and its WebSocket client keeps a process alive by trying again. So only
 *   what makes the messages is used: they go into a feed, as for our own page, and pages read that.
 * - Its `inspect` makes messages in timers of its own, where an error would end the process. So it is told by its `actor`,
 *   `event` and `snapshot`, at once and with bounded copies, and what those leave out is put in after.
 * - Its Sky sends everything to a host outside. It is not used.
 */

const PER_SECOND = 20;
const TOTAL_PER_SECOND = 400;
/** Sessions whose names are known. */
const SESSION_COUNT = 1000;

interface Session {
  readonly path: string;
  readonly name: string;
}

export class StatelyFeed {
  readonly feed = new Feed(null);
  private readonly limit = new RateLimit(TOTAL_PER_SECOND);
  private readonly sessions = new Map<string, Session>();
  private rootId = '';
  private readonly inspector = createInspector({ send: (message) => this.tell(message) });

  inspection(event: Inspection): void {
    const seen = sighting(event);
    if (seen === null) return;
    const { actorRef, rootId } = event;
    const { sessionId } = actorRef;
    this.rootId = rootId;
    switch (seen.kind) {
      case 'actor': {
        this.know(sessionId, seen);
        const state = currentState(event);
        const snapshot = state === null ? undefined : snapshotOf(state);
        this.limit.offer(`actor ${seen.path}`, PER_SECOND, () => this.inspector.actor(actorRef, snapshot));
        return;
      }
      case 'state': {
        const snapshot = snapshotOf(seen);
        const last = 'event' in event ? { ...boundedFields(event.event), type: event.event.type } : { type: '' };
        this.limit.offer(`state ${seen.path}`, PER_SECOND, () =>
          this.inspector.snapshot(sessionId, snapshot, { event: last }),
        );
        return;
      }
      case 'event': {
        const sent = { ...boundedFields(seen.event), type: seen.type };
        const source = event.type === '@xstate.event' ? event.sourceRef?.sessionId : undefined;
        this.limit.offer(`event ${seen.from} ${seen.to} ${seen.type}`, PER_SECOND, () =>
          this.inspector.event(sessionId, sent, source === undefined ? {} : { source }),
        );
      }
    }
  }

  end(): void {
    this.limit.flush();
    this.feed.end();
  }

  private tell(message: StatelyInspectionEvent): void {
    const { path, name } = this.sessions.get(message.sessionId) ?? { path: message.sessionId, name: message.sessionId };
    const { rootId } = this;
    switch (message.type) {
      case '@xstate.actor':
        this.feed.set(`actor ${path}`, JSON.stringify({ ...message, rootId, name }));
        return;
      case '@xstate.snapshot':
        this.feed.set(`state ${path}`, JSON.stringify({ ...message, rootId }));
        return;
      case '@xstate.event':
        this.feed.happen(JSON.stringify({ ...message, rootId }));
    }
  }

  private know(sessionId: string, { path, name }: Session): void {
    this.sessions.set(sessionId, { path, name });
    const oldest = this.sessions.keys().next();
    if (this.sessions.size > SESSION_COUNT && !oldest.done) this.sessions.delete(oldest.value);
  }
}

function snapshotOf({ status, value, context, output }: Extract<Sighting, { kind: 'state' }>) {
  return { status, value: bounded(value), context: bounded(context), output: bounded(output) };
}
