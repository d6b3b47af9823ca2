import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { DatabaseError } from '../src/errors.js';
import { fromSqliteError } from './sqlite-errors.js';

/**
 * One writer for a database, held by an operating system lock on `<database>.lock`.
 * - The lock file is itself a SQLite database with an open write transaction: the system drops its lock when the
 *   process ends, however it ends, so a killed process leaves nothing to clean up and no process id can go stale.
 * - A write transaction that has written nothing still lets others read, so the holder's process id stands in
 *   `user_version`, committed just before.
 * - The file is never deleted: a lock on a deleted file would not be seen by whoever makes a new one.
 * - Only SQLite may open the file in the holder's process: POSIX drops a process's locks on a file when the process
 *   closes any descriptor of it, and SQLite alone knows to wait with that.
 */

/** Another process holds the database: it may be free at the next attempt. */
export class DatabaseInUse extends DatabaseError {
  override readonly name = 'DatabaseError';
}

/** Waiting this long covers two processes that look at the lock at the same moment. */
const MOMENT_MS = 500;

/** Takes the writer's lock of the database at `path`; the function returned gives it back.
 *  @throws DatabaseError when another process (named by its id) or this one already holds it. */
export function lockForWriting(path: string): () => void {
  const lock = openLock(path, MOMENT_MS);
  try {
    lock.pragma('synchronous = OFF'); // the lock's content need not survive a power cut, only the lock matters
    lock.exec('BEGIN IMMEDIATE');
    // Between commit and begin another process may step in and leave its id: hold the lock only with our own in it.
    while (holderOf(lock) !== process.pid) {
      lock.pragma(`user_version = ${process.pid}`);
      lock.exec('COMMIT; BEGIN IMMEDIATE');
    }
  } catch (error) {
    const refusal = isBusy(error) ? inUse(path, lock) : fromSqliteError(error, lock.name);
    lock.close();
    throw refusal;
  }
  return () => lock.close();
}

/** Who holds the writer's lock: a process by its id, nobody, or not to be told where the lock may not be tried. */
export type Holder = { readonly pid: number } | 'nobody' | 'unknown';

/** Who writes to the database at `path`. It is found by taking the lock for an instant, which whoever wants it outlasts. */
export function writerOf(path: string): Holder {
  if (!existsSync(`${path}.lock`)) return 'nobody';
  const lock = openLock(path, 0);
  try {
    lock.exec('BEGIN IMMEDIATE; ROLLBACK');
    return 'nobody';
  } catch (error) {
    return isBusy(error) ? { pid: holderOf(lock) } : 'unknown'; // somebody else's file, to read only
  } finally {
    lock.close();
  }
}

function openLock(path: string, timeout: number): Sqlite.Database {
  try {
    return new Sqlite(`${path}.lock`, { timeout });
  } catch (error) {
    throw fromSqliteError(error, `${path}.lock`);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

function inUse(path: string, lock: Sqlite.Database): DatabaseInUse {
  const pid = holderOf(lock);
  const holder = pid === process.pid ? `this process (${pid})` : `process ${pid}`;
  return new DatabaseInUse(
    `the database ${path} is in use by ${holder}; let that run end or stop it, or name another file with --db`,
    { details: { path, pid } },
  );
}

function holderOf(lock: Sqlite.Database): number {
  return Number(lock.pragma('user_version', { simple: true }));
}
