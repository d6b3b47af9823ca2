import type Sqlite from 'better-sqlite3';
import { InternalError } from '../src/errors.js';
import { fromSqliteError } from './sqlite-errors.js';

/**
 * One open database: statements by their text, each prepared once.
 * - Every write belongs to a {@link commit}: outside of one it is an InternalError, so nothing is half recorded.
 * - Booleans are stored as 0 and 1. NaN, infinities and undefined are refused: SQLite would store NULL for them.
 * - A row's type is what its statement selects; tests hold the two together.
 */

/** Reads rows. Parameters are named: `@runId` in the SQL is `runId` of the object; other fields are ignored. */
export interface Reader {
  readonly path: string;
  /** The first row, or undefined where there is none. */
  get<Row>(sql: string, parameters: object): Row | undefined;
  all<Row>(sql: string, parameters: object): readonly Row[];
  close(): void;
}

/** Reads and writes rows; there is one in the world for a database file. */
export interface Writer extends Reader {
  /** Runs a statement that returns nothing; the count of rows it changed. */
  run(sql: string, parameters: object): number;
  /** See {@link commit}. */
  commit<T>(work: () => T): T;
}

/** Runs `work` in one immediate transaction and returns its result: all of its rows are kept, or none.
 *  @throws InternalError inside another commit, or when `work` returns a promise (a transaction can't wait).
 *  @throws DatabaseError when the disk is full or fails; nothing of `work` is kept then. */
export function commit<T>(db: Writer, work: () => T): T {
  return db.commit(work);
}

export class Connection implements Writer {
  private readonly statements = new Map<string, Sqlite.Statement<[object]>>();

  /** `release` runs after the database is closed, whether or not closing worked. */
  constructor(
    private readonly sqlite: Sqlite.Database,
    readonly path: string,
    private readonly release: () => void,
  ) {}

  get<Row>(sql: string, parameters: object): Row | undefined {
    return this.guarded(() => this.statement(sql).get(bind(parameters)) as Row | undefined);
  }

  all<Row>(sql: string, parameters: object): readonly Row[] {
    return this.guarded(() => this.statement(sql).all(bind(parameters)) as Row[]);
  }

  run(sql: string, parameters: object): number {
    return this.guarded(() => this.statement(sql).run(bind(parameters)).changes);
  }

  commit<T>(work: () => T): T {
    if (this.sqlite.inTransaction)
      throw new InternalError('a commit inside a commit: the outer one would no longer be all or nothing');
    return this.guarded(() => this.sqlite.transaction(() => settled(work())).immediate());
  }

  close(): void {
    try {
      this.foldLog();
      this.guarded(() => this.sqlite.close());
    } finally {
      this.release();
    }
  }

  /** Brings what the write-ahead log holds into the file, also while others read: SQLite by itself does so only for the last
   *  connection to close, and a copy of the file alone would lack it. Where that fails the log stays, and nothing is lost. */
  private foldLog(): void {
    if (this.sqlite.readonly || !this.sqlite.open) return;
    try {
      this.sqlite.pragma('wal_checkpoint(TRUNCATE)');
    } catch {}
  }

  private statement(sql: string): Sqlite.Statement<[object]> {
    const statement = this.statements.get(sql) ?? this.sqlite.prepare<[object]>(sql);
    if (!statement.readonly && !this.sqlite.inTransaction) {
      throw new InternalError(`a write outside of a commit: ${sql.trim().split('\n')[0]}`);
    }
    this.statements.set(sql, statement);
    return statement;
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fromSqliteError(error, this.path);
    }
  }
}

function settled<T>(result: T): T {
  if (result instanceof Promise)
    throw new InternalError('the work of a commit returned a promise: a transaction can not wait');
  return result;
}

function bind(parameters: object): Record<string, unknown> {
  const bound: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
      throw new InternalError(`the value of ${name} is ${value}: it would be stored as NULL`);
    }
    bound[name] = typeof value === 'boolean' ? Number(value) : value;
  }
  return bound;
}
