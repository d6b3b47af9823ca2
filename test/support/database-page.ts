import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** docs/database.md, which has a part that is made from the database itself. */

export const DATABASE_PAGE = fileURLToPath(new URL('../../../docs/database.md', import.meta.url)); // from dist/test/support

const DIAGRAM = /(?<=^<!-- made by npm run docs:database -->\n```mermaid\n)[\s\S]*?(?=\n```$)/m;

export const readDatabasePage = (): string => readFileSync(DATABASE_PAGE, 'utf8');

/** The diagram that the page has. @throws where the page has no place for one. */
export function diagramOf(page: string): string {
  const found = DIAGRAM.exec(page);
  if (found === null) throw new Error(`${DATABASE_PAGE} has no place for the diagram`);
  return found[0];
}

export const withDiagram = (page: string, diagram: string): string => page.replace(DIAGRAM, () => diagram);
