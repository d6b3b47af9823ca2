import type { Reader, Writer } from './connection.js';

/** Something that happened in a run: ids and numbers, no texts or tensors. */
export interface EventRecord {
  readonly runId: string;
  /** UTC, ISO 8601. */
  readonly at: string;
  /** Who it happened to: `supervisor`, `solver`, … */
  readonly actor: string;
  /** `solver.trained`, `run.pause`, … */
  readonly type: string;
  readonly payload: object;
}

export interface StoredEvent extends Omit<EventRecord, 'payload'> {
  readonly id: number;
  readonly payload: unknown;
}

export function recordEvent(db: Writer, event: EventRecord): void {
  db.run('INSERT INTO events (run_id, at, actor, type, payload) VALUES (@runId, @at, @actor, @type, @payload)', {
    ...event,
    payload: JSON.stringify(event.payload),
  });
}

/** The next events of a run after the one with id `afterId` (0: from the start), oldest first, `limit` at most. */
export function eventsAfter(db: Reader, runId: string, afterId: number, limit: number): readonly StoredEvent[] {
  return db
    .all<EventRow>(`${SELECT_EVENT} WHERE run_id = @runId AND id > @afterId ORDER BY id LIMIT @limit`, {
      runId,
      afterId,
      limit,
    })
    .map(unpacked);
}

/** The place in a run's events, for {@link eventsAfter}, behind which its last `count` events are; 0 where it has fewer. */
export function placeBeforeLast(db: Reader, runId: string, count: number): number {
  const sql = 'SELECT id FROM events WHERE run_id = @runId ORDER BY id DESC LIMIT 1 OFFSET @count';
  return db.get<{ readonly id: number }>(sql, { runId, count })?.id ?? 0;
}

/** The newest events of a run, the newest first, `limit` at most. */
export function newestEvents(db: Reader, runId: string, limit: number): readonly StoredEvent[] {
  return db
    .all<EventRow>(`${SELECT_EVENT} WHERE run_id = @runId ORDER BY id DESC LIMIT @limit`, { runId, limit })
    .map(unpacked);
}

interface EventRow extends Omit<StoredEvent, 'payload'> {
  readonly payload: string;
}

const SELECT_EVENT = 'SELECT id, run_id AS runId, at, actor, type, payload FROM events';

const unpacked = (row: EventRow): StoredEvent => ({ ...row, payload: JSON.parse(row.payload) as unknown });
