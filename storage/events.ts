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
    .all<StoredEvent & { readonly payload: string }>(
      `SELECT id, run_id AS runId, at, actor, type, payload FROM events
       WHERE run_id = @runId AND id > @afterId ORDER BY id LIMIT @limit`,
      { runId, afterId, limit },
    )
    .map((row) => ({ ...row, payload: JSON.parse(row.payload) as unknown }));
}
