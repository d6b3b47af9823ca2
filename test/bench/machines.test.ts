import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { XMLValidator } from 'fast-xml-parser';
import { machinesPage } from '../../bench/machines/page.js';
import { pictureMark } from '../../bench/machines/picture.js';
import { CHARTS, chartMermaid } from '../../machines/draw.js';
import { browserPage } from '../support/browser.js';
import { peerPackage } from '../support/outside.js';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url)); // from dist/test/bench

test('docs/machines.md shows the charts as they are; "npm run charts" makes it so', () => {
  assert.equal(readFileSync(join(DOCS, 'machines.md'), 'utf8'), machinesPage());
});

for (const [name, machine] of Object.entries(CHARTS)) {
  test(`the picture of the ${name} was made from the chart as it is, and is an image by itself`, () => {
    const svg = readFileSync(join(DOCS, 'images', `${name}.svg`), 'utf8');
    assert.ok(svg.trimEnd().endsWith(pictureMark(machine)), 'run "npm run charts"');
    assert.equal(XMLValidator.validate(svg), true);
    assert.doesNotMatch(svg, /<script|foreignObject|href=|@import|url\((?!#)/);
  });
}

test('Mermaid reads each chart', async (t) => {
  const mermaid = peerPackage(t, 'mermaid', 'mermaid');
  const opened = mermaid === null ? null : await browserPage(t);
  if (mermaid === null || opened === null) return;
  await opened.page.addScriptTag({ path: join(mermaid, 'dist/mermaid.min.js') });
  for (const machine of Object.values(CHARTS)) {
    const read: unknown = await opened.page.evaluate(`mermaid.parse(${JSON.stringify(chartMermaid(machine))})`);
    assert.equal(Reflect.get(Object(read), 'diagramType'), 'stateDiagram');
  }
});
