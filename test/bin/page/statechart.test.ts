import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { openServer } from '../../../bin/web/local-server.js';
import { pageFiles } from '../../../bin/web/page-files.js';
import { CHARTS } from '../../../machines/draw.js';
import { chartOutline } from '../../../machines/outline.js';
import { browserPage } from '../../support/browser.js';

const PAGE = `<!doctype html><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page/theme.css"><link rel="stylesheet" href="/page/statechart.css">
<main></main><script type="module" src="/drawing.js"></script>`;

const SCRIPT = `import { activePaths, drawChart } from '/page/statechart.js';
const { chart, value } = await (await fetch('/drawing')).json();
document.querySelector('main').append(drawChart(chart, activePaths(value)));`;

/** The states that are lit when the chart of this name is drawn in a browser for this value. */
async function lit(t: TestContext, name: keyof typeof CHARTS, value: unknown): Promise<readonly string[] | null> {
  const opened = await browserPage(t);
  if (opened === null) return null;
  const app = new Hono();
  app.get('/', (context) => context.html(PAGE));
  app.get('/drawing.js', (context) => context.body(SCRIPT, 200, { 'content-type': 'text/javascript' }));
  app.get('/drawing', (context) => context.json({ chart: chartOutline(CHARTS[name]), value }));
  app.route('/', pageFiles());
  const server = await openServer(app, { host: '127.0.0.1', port: 0 }, (error) => assert.ifError(error));
  t.after(() => server.close());
  const { page } = opened;
  await page.goto(server.url);
  await page.locator('.statechart').waitFor();
  return page
    .locator('.statechart-state.is-active')
    .evaluateAll((states) => states.map((state) => state.getAttribute('data-path') ?? ''));
}

test('the states that an actor is in are lit, with those around them', async (t) => {
  const found = await lit(t, 'supervisor', { running: { phase: 'trainingSolver', pace: 'going' } });
  if (found === null) return;
  assert.deepEqual(found, [
    'running',
    'running.phase',
    'running.phase.trainingSolver',
    'running.pace',
    'running.pace.going',
  ]);
});

test('an actor without a snapshot has no state lit', async (t) => {
  const found = await lit(t, 'solver', null);
  if (found !== null) assert.deepEqual(found, []);
});
