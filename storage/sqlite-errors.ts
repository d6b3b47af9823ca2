import Sqlite from 'better-sqlite3';
import { DatabaseError, InternalError } from '../src/errors.js';

/** What went wrong with a database file, as people can act on it. */
type Sentence = (path: string, message: string) => string;

const moved: Sentence = (path) =>
  `the database ${path} was moved or deleted while in use; put it back and resume the run`;
const readOnly: Sentence = (path) =>
  `the database ${path} can't be written: the file or its folder is read-only; change that, or copy it elsewhere`;

/** SQLite's result codes; an extended code comes before the primary code that it begins with. */
const SENTENCES: readonly (readonly [code: string, sentence: Sentence])[] = [
  ['SQLITE_READONLY_DBMOVED', moved],
  ['SQLITE_READONLY', readOnly],
  ['SQLITE_PERM', readOnly],
  [
    'SQLITE_CANTOPEN',
    (path) => `the database ${path} can't be opened: check that its folder and file may be read and written`,
  ],
  ['SQLITE_NOTADB', (path) => `${path} is not a database; name another file with --db`],
  [
    'SQLITE_CORRUPT',
    (path, message) =>
      `the database ${path} is damaged (${message}); go back to a copy, or try \`sqlite3 ${path} .recover\``,
  ],
  ['SQLITE_FULL', (path) => `the disk that holds the database ${path} is full; free some space, then resume the run`],
  ['SQLITE_BUSY', (path) => `the database ${path} is locked by another program; close what has it open and try again`],
  ['SQLITE_LOCKED', (path) => `the database ${path} is locked by another query of this program; try again`],
  [
    'SQLITE_IOERR',
    (path, message) =>
      `the disk failed while the database ${path} was in use (${message}); check the disk, then resume the run`,
  ],
];

/** The error that a failed SQLite call becomes: a DatabaseError in one sentence for what people can mend, an
 *  InternalError for a row that breaks the schema's rules or a wrong statement. Any other error stays as it is. */
export function fromSqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  const { code, message } = error;
  const sentence = SENTENCES.find(([prefix]) => code.startsWith(prefix))?.[1];
  if (sentence !== undefined)
    return new DatabaseError(sentence(path, message), { cause: error, details: { path, code } });
  return new InternalError(`the database refused a statement: ${message}`, { cause: error, details: { path, code } });
}
