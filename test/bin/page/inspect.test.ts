import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { createActor } from 'xstate';
import { openInspector } from '../../../bin/inspect/inspector.js';
import { createSupervisor } from '../../../machines/supervisor.js';
import { browserPage } from '../../support/browser.js';
import { FakeWork, SHORT_PLAN } from '../../support/fake-work.js';

/** The inspector's pages in a real browser, over real charts whose work waits for the test. */

interface Watched {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly origin: string;
  readonly statelyUrl: string;
  /** Ends the oldest piece of work. */
  readonly advance: () => Promise<void>;
  readonly close: () => Promise<void>;
}

async function watched(t: TestContext): Promise<Watched | null> {
  const opened = await browserPage(t);
  if (opened === null) return null;
  const inspector = await openInspector({ host: '127.0.0.1', port: 0 }, '1.2.3', (text) => assert.fail(text));
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await inspector.close();
    isOpen = false;
  };
  t.after(close);
  const work = new FakeWork({
    'evaluator.evaluate': () => ({ math: 50, general: 60, note: '<img src=x onerror=document.title="broken">' }),
  });
  createActor(createSupervisor(work), { input: SHORT_PLAN, inspect: inspector.watcher.onInspection }).start();
  const { page, requests } = opened;
  await page.goto(inspector.url);
  return {
    page,
    requests,
    origin: new URL(inspector.url).origin,
    statelyUrl: inspector.statelyUrl,
    advance: async () => {
      work.pending[0]?.complete();
      await turn();
    },
    close,
  };
}

const chosen = (page: Page) => page.locator('.actor[aria-selected="true"] .actor-name');
const actor = (page: Page, path: string) => page.locator(`.actor[data-path="${path}"]`);
const lit = (page: Page, path: string) => page.locator(`.statechart-state.is-active[data-path="${path}"]`);

test('all actors are listed with their states, and the chart of the chosen one is lit as it goes', async (t) => {
  const opened = await watched(t);
  if (opened === null) return;
  const { page, requests, origin, advance } = opened;
  await lit(page, 'running.phase.evaluatingBase').waitFor();
  assert.deepEqual(await page.locator('.actor-name').allTextContents(), [
    'supervisor',
    'challenger',
    'solver',
    'evaluator',
    'work evaluate',
  ]);
  await advance();
  await lit(page, 'running.phase.trainingChallenger').waitFor();
  await actor(page, 'supervisor/challenger').click();
  await lit(page, 'working.rollingOut').waitFor();
  assert.ok(requests.length > 5);
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(`${origin}/`)),
    [],
  );
});

test('messages are listed with what they carried, filtered, paused, and drawn as a sequence', async (t) => {
  const opened = await watched(t);
  if (opened === null) return;
  const { page, advance } = opened;
  const rows = page.locator('#log li');
  await advance();
  const evaluated = rows.filter({ hasText: 'solver.evaluated' });
  await evaluated.locator('summary').click();
  assert.match((await evaluated.locator('pre').textContent()) ?? '', /"math": 50/);
  assert.match((await evaluated.locator('summary').textContent()) ?? '', /evaluator → supervisor/);
  assert.equal(await page.title(), 'rzero inspector'); // the note of the work is a text
  await page.keyboard.press('/');
  await page.keyboard.type('solver.evaluated');
  await page.waitForFunction("document.querySelectorAll('#log li').length === 1");
  await page.locator('#filter').fill('');
  await page.locator('#pause').click();
  const before = await rows.count();
  await advance();
  await actor(page, 'supervisor/solver/0.solver.answering').waitFor();
  assert.equal(await rows.count(), before);
  await page.locator('#pause').click();
  await rows.filter({ hasText: 'questions.written' }).first().waitFor();
  await page.keyboard.press('s');
  await page.locator('#sequence text', { hasText: 'questions.written' }).first().waitFor();
  assert.deepEqual(await page.locator('#sequence .lane-name').allTextContents(), [
    ...['outside', 'outside', 'supervisor', 'supervisor', 'challenger', 'challenger'],
    ...['solver', 'solver', 'evaluator', 'evaluator', 'work', 'work'],
  ]);
});

test('actors are chosen by the keyboard, their context opens and closes, and stays so when it changes', async (t) => {
  const opened = await watched(t);
  if (opened === null) return;
  const { page, advance } = opened;
  await page.locator('#actors').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.equal(await chosen(page).textContent(), 'solver');
  await page.keyboard.press('Home');
  assert.equal(await chosen(page).textContent(), 'supervisor');
  const context = page.locator('#context > details');
  await page.locator('#context .leaf', { hasText: 'runId' }).waitFor();
  assert.match((await context.textContent()) ?? '', /evaluated: false/);
  await context.locator('summary').click();
  await advance();
  await lit(page, 'running.phase.trainingChallenger').waitFor();
  assert.equal(await context.getAttribute('open'), null);
  assert.match((await context.textContent()) ?? '', /iteration: 1/);
});

test('when the run has come to rest the page says so and keeps what it knew', async (t) => {
  const opened = await watched(t);
  if (opened === null) return;
  const { page, close } = opened;
  await lit(page, 'running.phase.evaluatingBase').waitFor();
  await close();
  await page.locator('#connection[data-connection="ended"]').waitFor();
  assert.equal(await page.locator('.actor').count(), 5);
});

test('the page fits on a phone, and turns dark', async (t) => {
  const opened = await watched(t);
  if (opened === null) return;
  const { page } = opened;
  await lit(page, 'running.phase.evaluatingBase').waitFor();
  await page.setViewportSize({ width: 360, height: 700 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  const ground = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const before = await ground();
  await page.keyboard.press('t');
  assert.notEqual(await ground(), before);
});

/** Stately's page as far as it concerns us: it says that it is there, and is told. It stands in for the one at stately.ai, which a
 *  test does not ask. */
const HOSTED = `<!doctype html><link rel="icon" href="data:,"><pre id="told"></pre><script>
addEventListener('message', ({ data, origin }) => {
  document.getElementById('told').textContent += [origin, data.type, data.name ?? ''].join(' ') + '\\n';
});
parent.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

test("Stately's page is framed and told of the run when it says that it is ready", async (t) => {
  const opened = await watched(t);
  if (opened === null) return;
  const { page, origin, statelyUrl, requests } = opened;
  await page.route('https://stately.ai/**', (route) => route.fulfill({ contentType: 'text/html', body: HOSTED }));
  await page.goto(statelyUrl);
  const told = page.frameLocator('#stately').locator('#told');
  await told.filter({ hasText: `${origin} @xstate.actor evaluator` }).waitFor();
  for (const name of ['supervisor', 'challenger', 'solver', 'evaluator', 'evaluate'])
    assert.match((await told.textContent()) ?? '', new RegExp(`@xstate.actor ${name}\\n`));
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(`${origin}/`)),
    ['https://stately.ai/inspect'],
  );
});
