import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { DatabaseError } from '../src/errors.js';
import { Connection, type Reader, type Writer } from './connection.js';
import { lockForWriting } from './lock.js';
import { migrate, SCHEMA_VERSION, schemaVersion } from './migrate.js';
import { fromSqliteError } from './sqlite-errors.js';

/**
 * Opens the database: one writer, any number of readers, none of which waits for the other (write-ahead log).
 * The file is looked at before anything is written, so a file that is not ours stays as it was.
 */

/** How long a statement waits for another program's lock before it fails. */
const BUSY_TIMEOUT_MS = 5000;

/** The folder of weight files that belongs to the database at `path`. */
export function weightsFolder(path: string): string {
  return `${path}.weights`;
}

/** Opens the database for a run, makes it where there is none, and brings its schema up to date. Close it: that gives
 *  the lock back and folds the write-ahead log in. Runs whose process was killed still say `running`.
 *  @throws DatabaseError when another process writes to it, or it is read-only, newer than this
 *    program, or not ours. */
export function openWriter(file: string): Writer {
  const { path } = locate(file);
  const sqlite = connect(path, { readonly: false });
  let release: (() => void) | undefined;
  try {
    schemaVersion(sqlite, path);
    release = lockForWriting(path);
    const mode = sqlite.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal')
      throw new DatabaseError(
        `the file system of ${path} can't hold a write-ahead log; name a file on a local disk with --db`,
      );
    // FULL, not NORMAL: a commit that a power cut undoes would bring back rows whose weight files are pruned already.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    sqlite.exec('BEGIN IMMEDIATE; ROLLBACK'); // a file that can't be written is refused now, not at the first step
    migrate(sqlite, path);
    return new Connection(sqlite, path, release);
  } catch (error) {
    sqlite.close();
    release?.();
    throw fromSqliteError(error, path);
  }
}

/** There is no database at the place named, or one that is about to be made: `rzero run` may be on its way. */
export class NoDatabaseYet extends DatabaseError {
  override readonly name = 'DatabaseError';
}

/** Opens the database to read, also while a run writes to it.
 *  @throws NoDatabaseYet when there is none.
 *  @throws DatabaseError when it is newer or older than this program, not ours, or in a read-only folder. */
export function openReader(file: string): Reader {
  const { path, exists } = locate(file);
  if (!exists)
    throw new NoDatabaseYet(`there is no database at ${path}; \`rzero run\` makes one, or name another file with --db`);
  const sqlite = connect(path, { readonly: true });
  try {
    const version = schemaVersion(sqlite, path);
    if (version < SCHEMA_VERSION) {
      const sentence = `the database ${path} is of version ${version}, this program reads ${SCHEMA_VERSION}; \`rzero run\` updates it`;
      throw version === 0 ? new NoDatabaseYet(sentence) : new DatabaseError(sentence);
    }
    return new Connection(sqlite, path, () => {});
  } catch (error) {
    sqlite.close();
    throw isReadOnly(error) ? unreadable(path, error) : fromSqliteError(error, path);
  }
}

const isReadOnly = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_READONLY');

function unreadable(path: string, cause: unknown): DatabaseError {
  return new DatabaseError(
    `the database ${path} can't be read in a read-only folder, where SQLite can't keep track of its readers; copy it elsewhere`,
    { cause, details: { path } },
  );
}

function connect(path: string, options: { readonly readonly: boolean }): Sqlite.Database {
  try {
    return new Sqlite(path, { ...options, timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw fromSqliteError(error, path);
  }
}

/** The file's one true path, links followed, so that lock and weights are the same by whatever name it is opened. */
function locate(file: string): { readonly path: string; readonly exists: boolean } {
  const named = resolve(file);
  const folder = dirname(named);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new DatabaseError(`there is no folder ${folder} for the database; make it first`);
  }
  const found = statSync(named, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    throw new DatabaseError(`${named} is a folder, not a database; name a file in it, for example ${named}/rzero.db`);
  }
  if (found !== undefined) return { path: realpathSync(named), exists: true };
  return { path: join(realpathSync(folder), basename(named)), exists: false };
}
