import type Sqlite from 'better-sqlite3';
import { DatabaseError } from '../src/errors.js';
import { CREATE_TABLES } from './migrations/0001-tables.js';
import { CREATE_WORKER_TASKS } from './migrations/0002-worker-tasks.js';
import { ALLOW_UNKNOWN_LOGPROBS } from './migrations/0003-unknown-logprobs.js';
import { CREATE_EVALUATIONS } from './migrations/0004-evaluations.js';
import { CREATE_VERDICTS } from './migrations/0005-verdicts.js';
import { KEEP_QUESTION_HISTORY } from './migrations/0006-question-history.js';
import { CREATE_VIEWS, VIEW_NAMES } from './views.js';

/**
 * The schema's version is `user_version`; `application_id` says that the file is ours.
 * A migration is never edited once released: a change is a new one. The views are dropped and made anew with each
 * migration, so a change to a view is a migration too, if an empty one.
 */

/** `user_version` after the migration at the same index is index + 1. */
const MIGRATIONS: readonly string[] = [
  CREATE_TABLES,
  CREATE_WORKER_TASKS,
  ALLOW_UNKNOWN_LOGPROBS,
  CREATE_EVALUATIONS,
  CREATE_VERDICTS,
  KEEP_QUESTION_HISTORY,
];
/** The version that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;
/** "rz0d" in ASCII. */
const APPLICATION_ID = 0x727a3064;

/** Whether the file is ours and how old. A new or empty file is version 0.
 *  @throws DatabaseError for another program's database, or one newer than this program. */
export function schemaVersion(sqlite: Sqlite.Database, path: string): number {
  const version = Number(sqlite.pragma('user_version', { simple: true }));
  const application = Number(sqlite.pragma('application_id', { simple: true }));
  if (application !== APPLICATION_ID && (version !== 0 || hasTables(sqlite))) {
    throw new DatabaseError(`${path} is the database of another program; name another file with --db`, {
      details: { path },
    });
  }
  if (version > SCHEMA_VERSION) {
    throw new DatabaseError(
      `the database ${path} is newer than this rzero (version ${version}, known is ${SCHEMA_VERSION}); update rzero`,
      { details: { path, version } },
    );
  }
  return version;
}

/** Brings the schema to this program's version in one transaction; does nothing where it is there already. */
export function migrate(sqlite: Sqlite.Database, path: string): void {
  const version = schemaVersion(sqlite, path);
  if (version === SCHEMA_VERSION) return;
  const steps = MIGRATIONS.slice(version);
  sqlite
    .transaction(() => {
      for (const view of VIEW_NAMES) sqlite.exec(`DROP VIEW IF EXISTS ${view}`);
      for (const step of steps) sqlite.exec(step);
      for (const view of VIEW_NAMES) sqlite.exec(CREATE_VIEWS[view]);
      sqlite.pragma(`application_id = ${APPLICATION_ID}`);
      sqlite.pragma(`user_version = ${SCHEMA_VERSION}`);
    })
    .immediate();
}

function hasTables(sqlite: Sqlite.Database): boolean {
  return sqlite.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
}
