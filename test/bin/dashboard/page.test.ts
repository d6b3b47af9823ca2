import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { finishedRun, query, workFolder } from '../../actors/support.js';
import { browserPage } from '../../support/browser.js';
import { served } from './support.js';

/** The page in a real browser, over the database of a real run in miniature. */

const db = join(workFolder(), 'run.db');
before(() => finishedRun(db));

const PHONE = { viewport: { width: 375, height: 740 } };

/** The table of numbers behind a picture, as rows of cells. */
async function numbersOf(page: Page, title: string): Promise<readonly (readonly string[])[]> {
  const card = page.getByRole('figure', { name: title, exact: true });
  await card.locator('details.numbers summary').click();
  await card.locator('tbody tr').first().waitFor();
  return card
    .locator('tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')));
}

/** Whether anything is drawn on a canvas beside the axes: a pixel in a colour that is not grey. */
function isDrawn(card: Locator): Promise<boolean> {
  return card.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && Math.abs(data[i] - data[i + 2]) > 60) return true;
    return false;
  });
}

const open = async (page: Page, tab: string): Promise<void> => {
  await page.getByRole('tab', { name: tab }).click();
  await page.getByRole('tabpanel', { name: tab }).locator('figure, .statechart').first().waitFor();
};

test('every picture shows the numbers of the run', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  await page.goto((await served(t, db)).url);

  const scores = query<{ readonly iteration: number; readonly domain: string; readonly score: number }>(
    db,
    "SELECT iteration, domain, avg(score) AS score FROM scores WHERE metric = 'greedy' GROUP BY iteration, domain ORDER BY iteration",
  );
  const scoreOf = (iteration: number, domain: string): string =>
    scores.find((row) => row.iteration === iteration && row.domain === domain)?.score.toFixed(1) ?? '';
  const averages = await numbersOf(page, 'Accuracy by iteration');
  assert.deepEqual(
    averages.map((cells) => cells.map((cell) => cell.split(' ')[0])),
    [0, 1, 2].map((iteration) => [
      iteration === 0 ? 'base' : String(iteration),
      scoreOf(iteration, 'math'),
      scoreOf(iteration, 'general'),
    ]),
  );
  assert.match(averages[0]?.[1] ?? '', /^\d+\.\d ±\d+\.\d$/); // with its error
  const benchmarks = query(db, "SELECT DISTINCT benchmark FROM scores WHERE metric = 'greedy'");
  assert.equal(await page.locator('.grid.small figure').count(), benchmarks.length);

  const labels = query<{ readonly share: number }>(
    db,
    'SELECT 100 * avg(label_correct) AS share FROM curriculum WHERE kept = 1 AND label_correct IS NOT NULL GROUP BY iteration',
  );
  const shown = await numbersOf(page, 'Label accuracy');
  assert.deepEqual(
    shown.map(([, share = '']) => share.split(' ')[0]),
    labels.map(({ share }) => share.toFixed(1)),
  );

  await open(page, 'Curriculum');
  const bars = await numbersOf(page, 'Vote shares');
  const [voted] = query<{ readonly kept: number; readonly dropped: number }>(
    db,
    'SELECT sum(kept) AS kept, count(*) - sum(kept) AS dropped FROM curriculum WHERE vote_share IS NOT NULL',
  );
  const sum = (column: number): number => bars.reduce((total, cells) => total + Number(cells[column]), 0);
  assert.deepEqual({ kept: sum(1), dropped: sum(2) }, { ...voted });
  const difficulty = await numbersOf(page, 'Question difficulty');
  const means = query<{ readonly mean: number }>(
    db,
    'SELECT avg(vote_share) AS mean FROM curriculum GROUP BY iteration',
  );
  assert.deepEqual(
    difficulty.map(([, mean]) => mean),
    means.map(({ mean }) => mean.toFixed(2)),
  );

  await open(page, 'Training');
  const steps = query<{ readonly kl: number; readonly entropy: number; readonly reward_mean: number }>(
    db,
    "SELECT reward_mean, kl, entropy FROM training_steps WHERE role = 'solver' ORDER BY iteration, step",
  );
  for (const [title, column] of [
    ['Solver reward', 'reward_mean'],
    ['Solver KL', 'kl'],
    ['Solver entropy', 'entropy'],
  ] as const) {
    const curve = await numbersOf(page, title);
    assert.equal(curve.length, steps.length);
    const [, last = ''] = curve.at(-1) ?? [];
    const wanted = steps.at(-1)?.[column] ?? Number.NaN;
    assert.ok(Math.abs(Number(last) - wanted) <= 0.06 * Math.abs(wanted), `${title}: ${last} and ${wanted}`);
  }

  await open(page, 'Workers');
  const timeline = await numbersOf(page, 'Worker timeline');
  const busy = timeline.reduce((total, [, , seconds]) => total + Number(seconds), 0);
  const [spent] = query<{ readonly seconds: number }>(db, 'SELECT sum(seconds) AS seconds FROM timeline');
  assert.ok(Math.abs(busy - (spent?.seconds ?? 0)) < 0.01 * timeline.length);
  const phases = query(db, 'SELECT DISTINCT phase FROM phases WHERE tokens > 0');
  const throughput = page.getByRole('figure', { name: 'Tokens per second' });
  assert.equal(await throughput.locator('.legend li').count(), phases.length);

  await open(page, 'Chart');
  await page.locator('[data-path="done"].is-active').waitFor();
  assert.match((await page.locator('.events li').first().textContent()) ?? '', /run\.ended/);
});

test('every picture is drawn, in light and in dark', async (t) => {
  const opened = await browserPage(t, { colorScheme: 'dark' });
  if (opened === null) return;
  const { page } = opened;
  await page.goto((await served(t, db)).url);
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  for (const theme of ['dark', 'light']) {
    for (const tab of ['Overview', 'Curriculum', 'Training', 'Workers']) {
      await open(page, tab);
      await page.getByRole('tabpanel', { name: tab }).locator('canvas').first().waitFor();
      for (const card of await page.getByRole('tabpanel', { name: tab }).locator('figure:has(.plot:visible)').all())
        assert.ok(await isDrawn(card), `${theme}: ${await card.getAttribute('aria-label')}`);
    }
    await page.getByRole('button', { name: 'light or dark' }).click();
  }
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark'); // chosen, and kept
});

test('questions are searched, filtered, ordered and paged', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  await page.goto((await served(t, db)).url);
  await page.locator('.tile').first().waitFor();
  await page.keyboard.press('/');
  const search = page.getByRole('searchbox');
  await page.locator('.questions tbody tr').first().waitFor();
  assert.ok(await page.evaluate<boolean>('document.activeElement?.type === "search"'));

  const told = (text: string): Promise<void> =>
    page.locator('.pages [role=status]', { hasText: new RegExp(`^${text}$`) }).waitFor();
  const filtered = (count: number): Promise<void> =>
    told(count === 0 ? '0 questions' : count === 1 ? '1 question' : `1–${Math.min(50, count)} of ${count} questions`);
  const countOf = (condition: string): number =>
    query<{ readonly n: number }>(db, `SELECT count(*) AS n FROM curriculum WHERE ${condition}`)[0]?.n ?? 0;
  const all = countOf('1');
  await told(`1–50 of ${all} questions`);
  await page.getByRole('button', { name: 'Next' }).click();
  await told(`51–${all} of ${all} questions`);
  assert.ok(await page.getByRole('button', { name: 'Next' }).isDisabled());
  await page.getByRole('button', { name: 'Previous' }).click();
  await told(`1–50 of ${all} questions`);

  await search.fill('plus');
  const plus = countOf("question LIKE '%plus%'");
  await filtered(plus);
  for (const text of await page.locator('.questions .question').allTextContents()) assert.match(text, /plus/i);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('label', { exact: true }).selectOption('wrong');
  const wrong = countOf('label_correct = 0');
  await filtered(wrong);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('lowest vote share').fill('0.9');
  const sure = countOf('vote_share >= 0.9');
  await filtered(sure);
  await search.fill('no question is like this');
  await told('0 questions');
  assert.match((await page.locator('.questions tbody').textContent()) ?? '', /No question is like that/);
});

test('a bar of the histogram leads to its questions', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  await page.goto(`${(await served(t, db)).url}#tab=curriculum`);
  const [sure] = query<{ readonly n: number }>(db, 'SELECT count(*) AS n FROM curriculum WHERE vote_share = 1');
  await page.locator('.questions tbody tr').first().waitFor();
  await page.getByRole('img', { name: /^Vote shares/ }).focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.locator('.pages [role=status]', { hasText: new RegExp(`(^| )${sure?.n} questions?$`) }).waitFor();
  assert.equal(await page.getByLabel('highest vote share').inputValue(), '1');
  assert.equal(await page.getByLabel('lowest vote share').inputValue(), '0.875'); // shares of four votes stand ¼ apart
});

test('a question opens with its answers by keyboard, has an address, and closes with Esc', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const { url } = await served(t, db);
  const [kept] = query<{ readonly id: number; readonly text: string }>(
    db,
    `SELECT c.question_id AS id, c.question AS text FROM curriculum c
     WHERE c.question_id IN (SELECT question_id FROM solver_groups) LIMIT 1`,
  );
  await page.goto(`${url}#tab=curriculum`);
  const row = page.locator(`[data-question="${kept?.id}"]`);
  await row.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog');
  await drawer.locator('.asked').waitFor();
  assert.equal(await drawer.locator('.asked').textContent(), kept?.text);
  assert.equal(await drawer.locator('.answers > li').count(), 4); // as many as were asked for
  assert.match((await drawer.textContent()) ?? '', /Solver, step \d/);
  assert.match(page.url(), new RegExp(`question=${kept?.id}`));
  await page.reload();
  await drawer.locator('.asked').waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  assert.doesNotMatch(page.url(), /question=/);
});

test('arrow keys go from tab to tab, and through the points of a picture', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  await page.goto((await served(t, db)).url);
  await page.locator('canvas').first().waitFor();
  await page.getByRole('img', { name: /^Accuracy by iteration/ }).focus();
  for (const heading of ['iteration base', 'iteration 1', 'iteration 2', 'iteration 2']) {
    await page.keyboard.press('ArrowRight');
    await page.locator('.tooltip:visible strong', { hasText: heading }).waitFor();
  }
  await page.getByRole('tab', { name: 'Overview' }).focus();
  for (const name of ['Curriculum', 'Training', 'Workers', 'Chart', 'Overview']) {
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name, selected: true }).waitFor();
  }
  assert.match(page.url(), /tab=overview/);
});

test('the page weighs less than 300 kB on its way, and asks nobody else for anything', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page, requests } = opened;
  const { url } = await served(t, db);
  await page.goto(url);
  for (const tab of ['Curriculum', 'Training', 'Workers', 'Chart', 'Overview']) await open(page, tab);
  await page.locator('canvas').first().waitFor();
  const weight = await page.evaluate<number>(
    `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .reduce((sum, { transferSize }) => sum + transferSize, 0)`,
  );
  t.diagnostic(`${Math.round(weight / 1000)} kB in ${requests.length} requests, all tabs with their data`);
  assert.ok(weight > 20_000 && weight < 300_000, `${weight} bytes`);
  assert.deepEqual(
    requests.filter((address) => !address.startsWith(url) && !address.startsWith('data:')),
    [],
  );
});

test('on a phone nothing is wider than the screen', async (t) => {
  const opened = await browserPage(t, PHONE);
  if (opened === null) return;
  const { page } = opened;
  await page.goto((await served(t, db)).url);
  for (const tab of ['Overview', 'Curriculum', 'Training', 'Workers', 'Chart']) {
    await open(page, tab);
    assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), 375, tab);
  }
});
