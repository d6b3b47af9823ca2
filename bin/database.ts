import { UsageError } from '../src/errors.js';
import type { Reader } from '../storage/connection.js';
import { openReader } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import { listRuns, type RunDetails } from '../storage/runs.js';

/** What `read` gives from the database, which is closed again whatever happens.
 *  @throws DatabaseError when it can't be opened. */
export function withReader<T>(file: string, read: (db: Reader) => T): T {
  const db = openReader(file);
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** The run named by an id or the beginning of one; the latest where none is named.
 *  @throws UsageError when there is no such run, or several. */
export function findRun(db: Reader, idOrPrefix: string | undefined): RunDetails {
  const id = idOrPrefix ?? listRuns(db).at(-1)?.run_id;
  if (id === undefined) throw new UsageError(`${db.path} has no runs yet; \`rzero run\` starts one`);
  return runDetails(db, id);
}
