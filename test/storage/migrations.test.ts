import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { answersOf } from '../../storage/answers.js';
import { openWriter } from '../../storage/database.js';
import { CREATE_TABLES } from '../../storage/migrations/0001-tables.js';
import { CREATE_WORKER_TASKS } from '../../storage/migrations/0002-worker-tasks.js';
import { temporaryFolder } from '../support/temporary.js';

test('the answers of a database of version 2 are all there after the migration', (t) => {
  const file = join(temporaryFolder(t), 'old.db');
  const old = new Sqlite(file);
  old.exec(CREATE_TABLES);
  old.exec(CREATE_WORKER_TASKS);
  old.exec(`
    PRAGMA application_id = ${0x727a3064};
    PRAGMA user_version = 2;
    INSERT INTO runs (id, preset, model, seed, iterations, config, status, started_at, rzero_version)
      VALUES ('r1', 'tiny', 'tiny', 0, 1, '{}', 'running', '2026-01-01T00:00:00.000Z', '0.1.0');
    INSERT INTO questions (run_id, iteration, phase, batch, position, question, valid, token_count)
      VALUES ('r1', 1, 'curriculum', 0, 0, 'What is 1 plus 1?', 1, 9);
    INSERT INTO answers VALUES (1, 0, '2', '2', 2, -0.25, 1, 1), (1, 1, '3', NULL, 2, -4.5, 0, 0);
  `);
  old.close();
  const db = openWriter(file);
  t.after(() => db.close());
  assert.deepEqual(answersOf(db, 1), [
    {
      sampleIndex: 0,
      text: '2',
      answer: '2',
      voteGroup: null,
      tokenCount: 2,
      logprobSum: -0.25,
      finished: 1,
      agrees: 1,
    },
    {
      sampleIndex: 1,
      text: '3',
      answer: null,
      voteGroup: null,
      tokenCount: 2,
      logprobSum: -4.5,
      finished: 0,
      agrees: 0,
    },
  ]);
});
