import type { Reader, Writer } from './connection.js';

/** The supervisor's state as it was kept. */
export interface StoredSnapshot {
  /** Counts the snapshots of a run from 1. */
  readonly sequence: number;
  /** Which form of snapshot it is: whoever restores it checks that it knows this one. */
  readonly version: string;
  readonly snapshot: unknown;
  readonly savedAt: string;
}

/** Keeps the newest snapshot of a run, in place of the one before. It belongs in the commit of the rows that it
 *  speaks of: a resumed run goes on from both. */
export function saveSnapshot(db: Writer, runId: string, version: string, snapshot: object, savedAt: string): void {
  db.run(
    `INSERT INTO snapshots (run_id, sequence, version, snapshot, saved_at)
     VALUES (@runId, 1, @version, @snapshot, @savedAt)
     ON CONFLICT (run_id) DO UPDATE SET sequence = sequence + 1, version = excluded.version,
       snapshot = excluded.snapshot, saved_at = excluded.saved_at`,
    { runId, version, snapshot: JSON.stringify(snapshot), savedAt },
  );
}

/** The newest snapshot of a run, or undefined before the first. */
export function newestSnapshot(db: Reader, runId: string): StoredSnapshot | undefined {
  const row = db.get<StoredSnapshot & { readonly snapshot: string }>(
    'SELECT sequence, version, snapshot, saved_at AS savedAt FROM snapshots WHERE run_id = @runId',
    { runId },
  );
  return row === undefined ? undefined : { ...row, snapshot: JSON.parse(row.snapshot) as unknown };
}
