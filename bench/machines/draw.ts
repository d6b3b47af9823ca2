import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { CHARTS, chartMermaid } from '../../machines/draw.js';
import { install } from '../peers/install.js';
import { machinesPage } from './page.js';
import { MERMAID_PACKAGE, pictureMark } from './picture.js';

/** `npm run charts`: writes docs/machines.md, and docs/images/NAME.svg of each chart, drawn by Mermaid in headless Chromium. */

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url)); // from dist/bench/machines
const MERMAID = fileURLToPath(new URL('../../../.peers/mermaid', import.meta.url));

const LOOK = {
  startOnLoad: false,
  theme: 'base',
  look: 'classic',
  layout: 'elk',
  htmlLabels: false, // an SVG with HTML in it is not shown as an image everywhere
  flowchart: { wrappingWidth: 240 },
  fontFamily: 'Arial, Helvetica, sans-serif',
  themeVariables: {
    fontSize: '14px', // the longest name of a state then fits on a line
    primaryColor: '#e3f0f8',
    primaryBorderColor: '#0067a8',
    primaryTextColor: '#16202c',
    lineColor: '#566373',
    tertiaryColor: '#f5f6f8',
  },
};

const found = install({ folder: MERMAID, packages: [MERMAID_PACKAGE], omitOptional: false });
if ('absent' in found) throw new Error(found.absent);
mkdirSync(join(DOCS, 'images'), { recursive: true });
writeFileSync(join(DOCS, 'machines.md'), machinesPage());
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  await page.addScriptTag({ path: join(MERMAID, 'node_modules/mermaid/dist/mermaid.min.js') });
  await page.evaluate(`mermaid.initialize(${JSON.stringify(LOOK)})`);
  for (const [name, machine] of Object.entries(CHARTS)) {
    const [id, text] = [`chart-${name}`, chartMermaid(machine)].map((each) => JSON.stringify(each));
    const svg = String(await page.evaluate(`mermaid.render(${id}, ${text}).then(({ svg }) => svg)`));
    writeFileSync(join(DOCS, 'images', `${name}.svg`), `${asImage(svg)}\n${pictureMark(machine)}\n`);
  }
} finally {
  await browser.close();
}

/** With a size of its own and a white ground, as dark lines are hard to see on a dark page. */
function asImage(svg: string): string {
  const [, width = '', height = ''] = /viewBox="\S+ \S+ (\S+) (\S+)"/.exec(svg) ?? [];
  const size = `width="${Math.ceil(Number(width))}" height="${Math.ceil(Number(height))}"`;
  return svg.replace(/^<svg [^>]*>/, (tag) =>
    tag.replace(/ style="[^"]*"/, '').replace('width="100%"', `${size} style="background: #ffffff"`),
  );
}
