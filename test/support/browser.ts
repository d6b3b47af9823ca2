import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type BrowserContextOptions, chromium as driver, type Page } from 'playwright-core';
import { chromium } from './outside.js';

/** A page in a real browser, and what it did that nobody saw. */
export interface BrowserPage {
  readonly page: Page;
  /** Errors on the console, uncaught ones, and requests that failed; aborted ones are the page's own doing. */
  readonly complaints: readonly string[];
  /** The addresses that it asked for something. */
  readonly requests: readonly string[];
}

/** Machines that run tests are busy: what doesn't come by then doesn't come. */
const PATIENCE_MS = 120_000;

/** A new page of a browser that is closed after the test; null where there is no browser, and the test is skipped. It must
 *  have had nothing to complain of when the test ends. */
export async function browserPage(t: TestContext, options: BrowserContextOptions = {}): Promise<BrowserPage | null> {
  const executablePath = chromium(t);
  if (executablePath === null) return null;
  const browser = await driver.launch({ executablePath, args: ['--no-sandbox'] }); // tests may run as root
  t.after(() => browser.close());
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? '';
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${reason}`);
  });
  t.after(() => assert.deepEqual(complaints, []));
  return { page, complaints, requests };
}
