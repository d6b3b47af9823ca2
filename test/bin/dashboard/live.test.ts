import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { commit, type Writer } from '../../../storage/connection.js';
import { recordLabelCheck } from '../../../storage/labels.js';
import { recordQuestions } from '../../../storage/questions.js';
import { createRun, finishRun } from '../../../storage/runs.js';
import { recordStep } from '../../../storage/steps.js';
import { recordVote } from '../../../storage/votes.js';
import { MAIN, smallRun, workFolder } from '../../actors/support.js';
import { aQuestion, aRun, aVote, database, STARTED } from '../../storage/support.js';
import { browserPage } from '../../support/browser.js';
import { served } from './support.js';

/** What the page shows as the database changes under it, and of runs that are not as they should be. */

function aSolverStep(db: Writer, runId: string, step: number, rewardMean: number): void {
  const update = {
    loss: 0.1,
    kl: 0.02,
    clipFraction: 0,
    gradNorm: 1,
    entropy: 0.5,
    logprobDriftMean: 0,
    logprobDriftMax: 0,
  };
  const rest = { rewardStd: 0.1, zeroVarianceGroups: 0, tokens: 100, seconds: 1, update };
  recordStep(db, { runId, iteration: 1, role: 'solver', step, rewardMean, ...rest });
}

test('a step that is committed appears by itself', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const db = database(t, 'rlive');
  await page.goto(`${(await served(t, db.path)).url}#tab=training`);
  const card = page.getByRole('figure', { name: 'Solver reward' });
  await card.getByText('No step of the Solver yet.').waitFor();
  for (const [step, reward] of [0.25, 0.5, 0.75].entries()) {
    commit(db, () => aSolverStep(db, 'rlive', step, reward));
    await card.locator('.legend b', { hasText: String(reward) }).waitFor();
  }
});

test('a run under way is followed on the page that run --dashboard serves, which ends with it', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const file = join(workFolder(), 'run.db');
  const args = [MAIN, ...smallRun(file, { 'rl.solver.steps': '400', 'rl.curriculum.questions': '16' }), '--dashboard'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const said: string[] = [];
  const address = new Promise<string>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      const found = /dashboard at (http:\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  await page.goto(`${await address}#tab=training`);
  await page.getByText('running', { exact: true }).waitFor();
  const card = page.getByRole('figure', { name: 'Solver reward' });
  await card.locator('canvas').waitFor({ timeout: 120_000 });
  await card.locator('summary').click();
  const rows = card.locator('tbody tr');
  await rows.nth((await rows.count()) + 2).waitFor({ state: 'attached', timeout: 120_000 });
  await page.getByRole('tab', { name: 'Chart' }).click();
  await page.locator('[data-path="running.phase.trainingSolver"].is-active').waitFor();
  await page.goto('about:blank'); // a page whose server ends complains of it on the console
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 130, said.join('\n'));
  assert.ok(said.some((line) => /the dashboard has ended with the run; rzero dashboard --db .*run\.db/.test(line)));
});

test('what a model wrote is shown as text, whatever it is', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const db = database(t, 'revil');
  const hostile = [
    '<script>document.title = "taken"</script>',
    '<img src=x onerror="document.title=\'taken\'">',
    '"><svg/onload=document.title="taken">',
    'javascript:document.title="taken"',
    `${'long '.repeat(5000)}`,
    '\u202eright to left\u202c and \u0000 nothing',
  ];
  const ids = commit(db, () => {
    const written = hostile.map((question) => aQuestion({ question, ownAnswer: question }));
    const found = recordQuestions(db, { runId: 'revil', iteration: 1, phase: 'curriculum', batch: 0 }, written);
    for (const [i, id] of found.entries()) {
      const answer = hostile[i] ?? '';
      recordVote(db, id, aVote({ pseudoLabel: answer, groups: [{ answer, count: 7 }] }));
      recordLabelCheck(db, id, { oracleAnswer: answer, labelCorrect: true, verdictId: null });
    }
    return found;
  });
  const { url } = await served(t, db.path);
  await page.goto(`${url}#tab=curriculum`);
  await page.locator('.questions tbody tr').first().waitFor();
  const shown = await page.locator('.questions .question button').allTextContents();
  assert.deepEqual(shown.slice(0, 4), hostile.slice(0, 4));
  for (const [i, id] of ids.entries()) {
    await page.goto(`${url}#tab=curriculum&question=${id}`);
    await page
      .locator('.drawer .note', { hasText: `Question ${id},` })
      .first()
      .waitFor();
    assert.equal(await page.locator('.asked').textContent(), hostile[i]);
  }
  assert.equal(await page.locator('main script, main img, main svg, dialog script, dialog img, dialog svg').count(), 0);
  assert.match(await page.title(), /^revil/);
});

test('a run that failed says why', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const db = database(t, 'rfail');
  const error = { name: 'NumericalError', message: 'the loss of step 3 is NaN; try a lower rl.solver.lr' };
  commit(db, () =>
    finishRun(db, 'rfail', { status: 'failed', finishedAt: STARTED, endReason: 'solver failed at update', error }),
  );
  await page.goto((await served(t, db.path)).url);
  await page.locator('#status .error', { hasText: 'the loss of step 3 is NaN' }).waitFor();
});

test('a database without runs says how one is started, and shows the first when it comes', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const db = database(t);
  await page.goto((await served(t, db.path)).url);
  await page.getByText('No runs yet: rzero run starts one').waitFor();
  commit(db, () => createRun(db, aRun('rnew')));
  await page.locator('#run option[value=rnew]').waitFor({ state: 'attached' });
  await page.getByText('No scores yet').first().waitFor();
});

test('runs stand side by side in the pictures and in a table', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const db = database(t, 'rfirst', 'rnext');
  commit(db, () => {
    for (const run of ['rfirst', 'rnext']) aSolverStep(db, run, 0, run === 'rfirst' ? 0.25 : 0.75);
  });
  await page.goto((await served(t, db.path)).url);
  await page.getByText('Compare').click();
  await page.getByRole('checkbox', { name: /rfirst/ }).check();
  await page.getByRole('heading', { name: 'Runs side by side' }).waitFor();
  assert.deepEqual(
    await page
      .locator('table thead th')
      .allTextContents()
      .then((all) => all.slice(0, 3)),
    ['', 'rnext', 'rfirst'],
  );
  assert.match(page.url(), /run=rnext|beside=rfirst/);
  await page.getByRole('tab', { name: 'Training' }).click();
  const legend = page.getByRole('figure', { name: 'Solver reward' }).locator('.legend li');
  await legend.nth(1).waitFor();
  assert.deepEqual(await legend.allTextContents(), ['rnext0.75', 'rfirst0.25']);
});
