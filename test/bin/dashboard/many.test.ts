import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CurriculumPictures, QuestionTable } from '../../../bin/page/dashboard/contract.js';
import { database } from '../../storage/support.js';
import { browserPage } from '../../support/browser.js';
import { writeManyQuestions } from './many-questions.js';
import { answer, served } from './support.js';

/** A hundred thousand questions: what is read, sent and drawn stays as little as with a hundred. */

const COUNT = 100_000;

test('the pictures of a hundred thousand questions are a few rows, and a page of them is a page', async (t) => {
  const db = database(t, 'rmany');
  writeManyQuestions(db, 'rmany', COUNT);
  const server = await served(t, db.path);
  const pictures = await answer<CurriculumPictures>(server, 'runs/rmany/curriculum');
  assert.equal(
    pictures.vote_shares.reduce((sum, { questions }) => sum + questions, 0),
    COUNT,
  );
  assert.ok(pictures.vote_shares.length <= 3 * 21 * 2); // iterations, shares, kept or not
  const page = await answer<QuestionTable>(server, 'runs/rmany/questions?limit=50');
  assert.deepEqual([page.rows.length, page.count], [50, COUNT]);
});

test('the browser turns the pages of a hundred thousand questions with fifty rows at a time', async (t) => {
  const opened = await browserPage(t);
  if (opened === null) return;
  const { page } = opened;
  const db = database(t, 'rmany');
  writeManyQuestions(db, 'rmany', COUNT);
  await page.goto(`${(await served(t, db.path)).url}#tab=curriculum`);
  await page.getByText('1–50 of 100,000 questions').waitFor();
  for (const begin of [51, 101, 151]) {
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText(`${begin}–${begin + 49} of 100,000 questions`).waitFor();
    assert.equal(await page.locator('.questions tbody tr').count(), 50);
  }
  await page.getByRole('searchbox').fill('What is 99999 plus');
  await page.getByText('1 question', { exact: true }).waitFor();
});
