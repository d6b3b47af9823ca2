import type { Reader } from '../../storage/connection.js';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: 0 | 1;
  /** Its place in the primary key, from 1; 0 for a column that is not in it. */
  readonly key: number;
}

interface Reference {
  readonly column: string;
  readonly parent: string;
}

/** The tables of a database with their columns and references, as a Mermaid entity-relationship diagram. */
export function schemaDiagram(db: Reader): string {
  const tables = db
    .all<{ readonly name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`,
      {},
    )
    .map(({ name }) => ({ name, columns: columnsOf(db, name), references: referencesOf(db, name) }));
  return [
    'erDiagram',
    ...tables.flatMap(({ name, columns, references }) => references.map((each) => arrow(name, columns, each))),
    ...tables.flatMap(({ name, columns, references }) => [
      `  ${name} {`,
      ...columns.map((column) => `    ${attribute(column, references)}`),
      '  }',
    ]),
  ].join('\n');
}

/** The columns of a table or view, in order. */
export function columnsOf(db: Reader, table: string): readonly Column[] {
  return db.all(
    `SELECT name, type, "notnull" OR pk > 0 AS required, pk AS key FROM pragma_table_info(@table) ORDER BY cid`,
    { table },
  );
}

function referencesOf(db: Reader, table: string): readonly Reference[] {
  return db.all(`SELECT "from" AS "column", "table" AS parent FROM pragma_foreign_key_list(@table) ORDER BY id DESC`, {
    table,
  });
}

/** `runs ||--o{ questions : run_id`: one run, any number of questions. */
function arrow(table: string, columns: readonly Column[], { column, parent }: Reference): string {
  const own = columns.find(({ name }) => name === column);
  const isWholeKey = own?.key === 1 && columns.filter(({ key }) => key > 0).length === 1;
  return `  ${parent} ${own?.required === 1 ? '||' : '|o'}--${isWholeKey ? 'o|' : 'o{'} ${table} : ${column}`;
}

function attribute({ name, type, required, key }: Column, references: readonly Reference[]): string {
  const keys = [...(key > 0 ? ['PK'] : []), ...(references.some(({ column }) => column === name) ? ['FK'] : [])];
  return [type, name, ...(keys.length === 0 ? [] : [keys.join(', ')]), ...(required === 1 ? [] : ['"or null"'])].join(
    ' ',
  );
}
