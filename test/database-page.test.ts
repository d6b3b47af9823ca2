import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReader } from '../storage/database.js';
import { VIEW_NAMES } from '../storage/views.js';
import { finishedRun, query, workFolder } from './actors/support.js';
import { database } from './storage/support.js';
import { rzero } from './support/command-line.js';
import { diagramOf, readDatabasePage } from './support/database-page.js';
import { columnsOf, schemaDiagram } from './support/schema-diagram.js';

/** docs/database.md says what is so: its diagram and columns are the database's, and its queries work as printed. */

const PAGE = readDatabasePage();
const QUERIES = [...PAGE.matchAll(/^\*\*(?<question>[^*]+)\*\*[\s\S]*?^```sql\n(?<sql>[\s\S]*?)^```$/gm)].map(
  ({ groups }) => ({ question: groups?.['question'] ?? '', sql: groups?.['sql'] ?? '' }),
);

// Two small runs that differ in a setting, and an evaluation whose answers are kept.
const file = join(workFolder(), 'runs.db');
await finishedRun(file);
await finishedRun(file, { 'rl.solver.lr': '0.0005', 'rl.challenger.reward': 'paper', iterations: '1' });
const evaluated = await rzero(['eval', '--limit', '4', '--db', file, '--quiet', '--json']);
assert.equal(evaluated.code, 0, evaluated.stderr);

test('the page has ten queries or more, and each block of SQL is one of them', () => {
  assert.ok(QUERIES.length >= 10);
  assert.equal(QUERIES.length, PAGE.split('```sql\n').length - 1);
});

for (const { question, sql } of QUERIES) {
  test(`a query of the page has rows, and each of its columns a value: ${question}`, () => {
    const rows = query(file, sql);
    assert.ok(rows.length > 0, 'no rows');
    const columns = Object.keys(rows[0] ?? {});
    assert.deepEqual(
      columns.filter((column) => rows.every((row) => row[column] === null)),
      [],
    );
  });
}

test('the settings that did better are told apart by what differs between two runs', () => {
  const { sql = '' } = QUERIES.find(({ question }) => question.startsWith('Which settings')) ?? {};
  const rows = query(file, sql).map((row) => [row['solver_lr'], row['challenger_reward'], row['iteration']]);
  assert.deepEqual(rows.sort(), [
    [0.0002, 'code', 2],
    [0.0005, 'paper', 1],
  ]);
});

test('repeats are counted across iterations: no more than there are questions, and in the first none of an earlier one', () => {
  const { sql = '' } = QUERIES.find(({ question }) => question.includes('asked before')) ?? {};
  const rows = query<Record<string, number>>(file, sql);
  const duplicates = query<{ duplicates: number }>(
    file,
    `SELECT count(*) FILTER (WHERE drop_reason = 'duplicate') AS duplicates FROM curriculum
     WHERE iteration = 1 GROUP BY run_id ORDER BY run_id`,
  );
  const first = rows.filter(({ iteration }) => iteration === 1);
  assert.deepEqual(
    first.map((row) => [row['seen_before'], row['seen_in_an_earlier_iteration']]),
    duplicates.map((row) => [row.duplicates, 0]), // what selection drops in an iteration is what the query counts there
  );
});

test('each view has a section with exactly its columns, in order', (t) => {
  const db = database(t);
  const described = Object.fromEntries(
    [...PAGE.matchAll(/^### `(?<view>\w+)`\n(?<text>[\s\S]*?)(?=^##)/gm)].map(({ groups }) => [
      groups?.['view'] ?? '',
      [...(groups?.['text'] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, column]) => column),
    ]),
  );
  const real = VIEW_NAMES.map((view) => [view, columnsOf(db, view).map(({ name }) => name)]);
  assert.deepEqual(described, Object.fromEntries(real));
});

test('the diagram is that of the database: npm run docs:database draws it anew', (t) => {
  assert.equal(diagramOf(PAGE), schemaDiagram(database(t)));
});

test('each table is described', () => {
  const db = openReader(file);
  const tables = db
    .all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`, {})
    .map(({ name }) => name);
  db.close();
  const [, section = ''] = /^## Tables\n([\s\S]*?)^<!--/m.exec(PAGE) ?? [];
  const named = section
    .split('\n')
    .flatMap((line) => [...(/^\| (`.*?) \|/.exec(line)?.[1]?.matchAll(/`(\w+)`/g) ?? [])].map(([, name = '']) => name));
  assert.deepEqual(named.sort(), tables.sort());
});
