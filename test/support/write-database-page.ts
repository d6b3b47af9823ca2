import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWriter } from '../../storage/database.js';
import { DATABASE_PAGE, diagramOf, readDatabasePage, withDiagram } from './database-page.js';
import { schemaDiagram } from './schema-diagram.js';

/** Draws the diagram of docs/database.md anew: npm run docs:database */

const folder = mkdtempSync(join(tmpdir(), 'rzero-schema-'));
try {
  const db = openWriter(join(folder, 'empty.db'));
  const page = readDatabasePage();
  diagramOf(page);
  writeFileSync(DATABASE_PAGE, withDiagram(page, schemaDiagram(db)));
  db.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
