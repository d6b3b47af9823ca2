import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { DatabaseError, InternalError } from '../../src/errors.js';
import { commit } from '../../storage/connection.js';
import { openReader, openWriter } from '../../storage/database.js';
import { latestUnfinishedRun } from '../../storage/find-run.js';
import { writerOf } from '../../storage/lock.js';
import { SCHEMA_VERSION } from '../../storage/migrate.js';
import { createRun, listRuns, markKilledRuns } from '../../storage/runs.js';
import { VIEW_NAMES } from '../../storage/views.js';
import { aRun, database, secondProcess, temporaryFolder } from './support.js';

/** The contract with people and notebooks, spelled out: a change here breaks them. */
const CONTRACT = {
  run_history: 'run_id status preset model seed started_at finished_at iterations rzero_version',
  iteration_summary:
    'run_id iteration questions valid kept mean_vote_share label_accuracy challenger_reward solver_reward solver_kl tokens seconds',
  curriculum:
    'run_id iteration question_id question pseudo_label vote_share kept drop_reason oracle_answer label_correct challenger_reward repetition_penalty',
  curriculum_answers: 'run_id iteration question_id sample text answer vote_group agrees tokens logprob finished',
  solver_groups:
    'run_id iteration step position question_id question pseudo_label label_correct vote_share rewards reward_mean teaches',
  benchmark_scores: 'run_id iteration benchmark domain metric items score stderr',
  training_steps:
    'run_id iteration role step loss reward_mean reward_std kl clip_fraction grad_norm entropy tokens seconds',
  timeline: 'run_id iteration worker task started_at ended_at start_seconds end_seconds seconds',
  worker_utilisation: 'run_id iteration worker busy_seconds wall_seconds busy_share',
  evaluation_scores:
    'evaluation_id target run_id iteration evaluated_at benchmark domain metric file file_sha256 items score stderr shots shots_file template_sha256 prefix temperature samples max_tokens stops seed grader_version',
  evaluation_answers:
    'evaluation_id benchmark metric item sample question gold text extracted is_right tokens finished',
};

function databaseError(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DatabaseError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

test('each view has exactly the columns of the contract, in order', (t) => {
  const db = database(t);
  for (const view of VIEW_NAMES) {
    const columns = db.all<{ readonly name: string }>('SELECT name FROM pragma_table_info(@view) ORDER BY cid', {
      view,
    });
    assert.equal(columns.map(({ name }) => name).join(' '), CONTRACT[view]);
  }
  assert.deepEqual([...VIEW_NAMES].sort(), Object.keys(CONTRACT).sort());
});

test('every table is STRICT', (t) => {
  const db = database(t);
  const loose = db.all(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict`,
    {},
  );
  assert.deepEqual(loose, [{ name: 'sqlite_schema' }]);
});

test('opening again changes nothing in the schema', (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  const schemas = [1, 2].map(() => {
    const db = openWriter(file);
    const schema = db.all('SELECT type, name, sql FROM sqlite_schema ORDER BY name', {});
    const version = db.get('SELECT * FROM pragma_user_version, pragma_schema_version', {});
    db.close();
    return { schema, version };
  });
  assert.deepEqual(schemas[1], schemas[0]);
});

test('the writer has a write-ahead log, full synchronisation, foreign keys and a busy timeout', (t) => {
  const db = database(t);
  const pragmas = db.get(
    'SELECT journal_mode, synchronous, foreign_keys, timeout FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_busy_timeout',
    {},
  );
  assert.deepEqual(pragmas, { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, timeout: 5000 });
});

test('what was committed is in the file itself when the writer has closed, also where a reader is still open', (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  const writer = openWriter(file);
  const reader = openReader(file);
  t.after(() => reader.close());
  assert.deepEqual(listRuns(reader), []);
  commit(writer, () => createRun(writer, aRun('rkept')));
  writer.close();
  const copy = join(temporaryFolder(t), 'copy.db');
  copyFileSync(file, copy); // without the log beside it
  const copied = openReader(copy);
  t.after(() => copied.close());
  assert.deepEqual(
    listRuns(copied).map(({ run_id }) => run_id),
    ['rkept'],
  );
});

test('a database newer than the program is refused by writer and reader, and stays as it was', (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  openWriter(file).close();
  setVersion(file, SCHEMA_VERSION + 1);
  const before = readFileSync(file);
  const newer = databaseError(/runs\.db is newer than this rzero \(version \d+, known is \d+\); update rzero/);
  assert.throws(() => openWriter(file), newer);
  assert.throws(() => openReader(file), newer);
  assert.deepEqual(readFileSync(file), before);
});

test('a reader refuses a database older than the program and says what would do', (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  writeFileSync(file, '');
  assert.throws(() => openReader(file), databaseError(/is of version 0, this program reads \d+; `rzero run`/));
});

test('a file that is no database is refused, and no lock is left beside it', (t) => {
  const file = join(temporaryFolder(t), 'notes.txt');
  writeFileSync(file, 'not a database at all\n'.repeat(100));
  assert.throws(() => openWriter(file), databaseError(/notes\.txt is not a database; name another file with --db/));
  assert.throws(() => openReader(file), databaseError(/notes\.txt is not a database/));
  assert.equal(existsSync(`${file}.lock`), false);
});

test('the database of another program is refused', (t) => {
  const file = join(temporaryFolder(t), 'other.db');
  const other = new Sqlite(file);
  other.exec('CREATE TABLE bookmarks (url TEXT)');
  other.close();
  assert.throws(() => openWriter(file), databaseError(/other\.db is the database of another program/));
});

test('a damaged database is told apart from one that is none', (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  openWriter(file).close();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 100); // the header stays, all behind it is nonsense
  writeFileSync(file, bytes);
  assert.throws(() => listRuns(openReader(file)), databaseError(/runs\.db is damaged \(.+\); go back to a copy/));
});

test('a missing file, a missing folder and a folder each get their own sentence', (t) => {
  const folder = temporaryFolder(t);
  assert.throws(
    () => openReader(join(folder, 'none.db')),
    databaseError(/there is no database at .*none\.db; `rzero run` makes one/),
  );
  assert.throws(
    () => openWriter(join(folder, 'none', 'runs.db')),
    databaseError(/there is no folder .*none for the database/),
  );
  assert.throws(() => openWriter(folder), databaseError(/is a folder, not a database/));
});

test('a second writer in this process is refused, and a reader is not', (t) => {
  const db = database(t, 'rfirst');
  assert.throws(() => openWriter(db.path), databaseError(new RegExp(`in use by this process \\(${process.pid}\\)`)));
  const reader = openReader(db.path);
  assert.deepEqual(
    listRuns(reader).map((run) => run.run_id),
    ['rfirst'],
  );
  reader.close();
});

test('a second writer by another name of the same file is refused', { skip: process.platform === 'win32' }, (t) => {
  const db = database(t);
  const link = join(temporaryFolder(t), 'link.db');
  symlinkSync(db.path, link);
  assert.throws(() => openWriter(link), databaseError(/in use by this process/));
});

test('two writers in two processes: the second is refused and names the first', async (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  const other = secondProcess(t, 'hold', file);
  assert.equal(await other.said, 'open');
  assert.throws(
    () => openWriter(file),
    databaseError(new RegExp(`runs\\.db is in use by process ${other.child.pid};`)),
  );
  other.child.kill('SIGKILL');
  await other.ended;
  openWriter(file).close();
});

test('who writes is told without being in the way: nobody, this process, another one, and nobody once it was killed', async (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  assert.equal(writerOf(file), 'nobody');
  const db = openWriter(file);
  assert.deepEqual(writerOf(db.path), { pid: process.pid });
  commit(db, () => createRun(db, aRun('rfirst')));
  db.close();
  assert.equal(writerOf(file), 'nobody');
  const other = secondProcess(t, 'hold', file);
  await other.said;
  assert.deepEqual(writerOf(file), { pid: other.child.pid });
  other.child.kill('SIGKILL');
  await other.ended;
  assert.equal(writerOf(file), 'nobody');
});

test('a writer killed inside a commit leaves its earlier commits, nothing of that one, and no lock', async (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  const other = secondProcess(t, 'mid-commit', file);
  assert.equal(await other.said, 'open');
  other.child.kill('SIGKILL');
  await other.ended;
  const db = openWriter(file);
  t.after(() => db.close());
  assert.deepEqual(db.get('SELECT * FROM pragma_integrity_check', {}), { integrity_check: 'ok' });
  assert.deepEqual(
    listRuns(db).map((run) => [run.run_id, run.status]),
    [['rkept', 'running']],
  );
  assert.deepEqual(
    commit(db, () => markKilledRuns(db)),
    ['rkept'],
  );
  assert.equal(latestUnfinishedRun(db)?.status, 'interrupted');
});

test('a database locked by another program is refused after the busy timeout', { timeout: 20_000 }, (t) => {
  const file = join(temporaryFolder(t), 'runs.db');
  openWriter(file).close();
  const other = new Sqlite(file);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.throws(() => openWriter(file), databaseError(/runs\.db is locked by another program; close what has it open/));
});

test('a read-only file or folder is refused at once, by name', { skip: process.platform === 'win32' }, async (t) => {
  const folder = temporaryFolder(t);
  openWriter(join(folder, 'source.db')).close();
  const places = { 'read-only-folder': 0o555, 'read-only-file': 0o777 } as const;
  chmodSync(folder, 0o755);
  for (const [name, mode] of Object.entries(places)) {
    const place = join(folder, name);
    mkdirSync(place);
    copyFileSync(join(folder, 'source.db'), join(place, 'runs.db'));
    chmodSync(join(place, 'runs.db'), 0o444);
    chmodSync(place, mode);
    // Root may write anywhere, so as root the second process is somebody else.
    const other = secondProcess(t, 'write', join(place, 'runs.db'), process.getuid?.() === 0 ? { uid: 65534 } : {});
    assert.match(
      await other.said,
      /^DatabaseError: the database .*runs\.db can't be written: the file or its folder is read-only/,
      name,
    );
  }
  const empty = join(folder, 'empty');
  mkdirSync(empty, { mode: 0o555 });
  const other = secondProcess(t, 'write', join(empty, 'runs.db'), process.getuid?.() === 0 ? { uid: 65534 } : {});
  assert.match(
    await other.said,
    /^DatabaseError: the database .*runs\.db can't be opened: check that its folder and file may be read and written/,
  );
  chmodSync(join(folder, 'read-only-folder'), 0o755); // so that cleaning up can delete what is in it
});

test('a database in a read-only folder can not be read, and that is said', {
  skip: process.platform === 'win32',
}, async (t) => {
  const folder = temporaryFolder(t);
  openWriter(join(folder, 'runs.db')).close();
  chmodSync(folder, 0o555);
  const as = process.getuid?.() === 0 ? { uid: 65534 } : {}; // root may write anywhere
  const said = await secondProcess(t, 'read', join(folder, 'runs.db'), as).said;
  chmodSync(folder, 0o755);
  assert.match(
    said,
    /^DatabaseError: the database .*runs\.db can't be read in a read-only folder, .*; copy it elsewhere/,
  );
});

test('a full disk ends the commit with one sentence and keeps nothing of it', (t) => {
  const db = database(t, 'rfirst');
  db.get('PRAGMA max_page_count = 1', {}); // SQLite's own way to a full disk: the file may not grow from here
  const large = { ...aRun('rlarge'), config: { text: 'x'.repeat(100_000) } };
  assert.throws(
    () =>
      commit(db, () => {
        createRun(db, aRun('rsmall'));
        createRun(db, large);
      }),
    databaseError(/the disk that holds the database .*runs\.db is full; free some space, then resume the run/),
  );
  assert.deepEqual(
    listRuns(db).map((run) => run.run_id),
    ['rfirst'],
  );
});

test('a commit that throws leaves nothing and passes the error on', (t) => {
  const db = database(t);
  const mistake = new RangeError('mine');
  assert.throws(
    () =>
      commit(db, () => {
        createRun(db, aRun('rlost'));
        throw mistake;
      }),
    (error) => error === mistake,
  );
  assert.deepEqual(listRuns(db), []);
});

test('a commit inside a commit, one that waits, and a write outside of one are bugs', (t) => {
  const db = database(t);
  assert.throws(() => commit(db, () => commit(db, () => 1)), InternalError);
  assert.throws(() => commit(db, () => Promise.resolve(1)), InternalError);
  assert.throws(() => createRun(db, aRun('rlost')), InternalError);
  assert.deepEqual(listRuns(db), []);
});

test('values that SQLite would store as NULL are refused', (t) => {
  const db = database(t);
  for (const seed of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => commit(db, () => createRun(db, { ...aRun('rbad'), seed })), InternalError);
  }
});

function setVersion(file: string, version: number): void {
  const sqlite = new Sqlite(file);
  sqlite.pragma(`user_version = ${version}`);
  sqlite.close();
}
