import { InternalError } from '../src/errors.js';
import type { Reader } from './connection.js';

/** Whether another program has written to the database, at the cost of looking at the file's head. */

/** Changes with every commit of another connection, and with nothing else. */
export function dataVersion(db: Reader): number {
  const row = db.get<{ readonly data_version: number }>('PRAGMA data_version', {});
  if (row === undefined) throw new InternalError('SQLite gave no data version');
  return row.data_version;
}

/** The newest event of all runs, or undefined before the first. */
export function newestEvent(db: Reader): { readonly id: number; readonly runId: string } | undefined {
  return db.get('SELECT id, run_id AS runId FROM events ORDER BY id DESC LIMIT 1', {});
}
