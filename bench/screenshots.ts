import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serveDashboard } from '../bin/dashboard/serve.js';
import { DatabaseError } from '../src/errors.js';
import type { Reader } from '../storage/connection.js';
import { openReader } from '../storage/database.js';

/**
 * Makes the pictures of the dashboard in docs/images from real runs: one with the preset tiny, and a short one beside it.
 * The statechart is taken while the first run is at work. Usage: npm run screenshots
 */

const MAIN = fileURLToPath(new URL('../bin/main.js', import.meta.url)); // from dist/bench
const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const CHROMIUM = ['/usr/bin/chromium', '/usr/lib/chromium/chromium'].find((file) => existsSync(file));
const MOST_BYTES = 200_000;
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

interface Picture {
  readonly name: string;
  /** What stands behind the # of the address. */
  readonly place: string;
  readonly theme: 'light' | 'dark';
  readonly size: { readonly width: number; readonly height: number };
  /** What must be there before the picture is taken. */
  readonly awaited: string;
}

const children = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), 'rzero-screenshots-'));
const browser = await chromium.launch({
  args: ['--no-sandbox'],
  ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
});
try {
  mkdirSync(IMAGES, { recursive: true });
  const db = join(folder, 'runs.db');
  const main = run(['run', '--preset', 'tiny', '--seed', '0', '--db', db, '--quiet']);
  await Promise.race([until(() => isTrainingSolver(db)), main]); // a run that fails is not waited for
  const server = await serveDashboard(db, { host: '127.0.0.1', port: 0 });
  const take = (picture: Picture): Promise<void> => shot(browser, server.url, picture);
  await take({
    name: 'chart',
    place: 'tab=chart',
    theme: 'dark',
    size: { width: 1280, height: 820 },
    awaited: '[data-path="running.phase.trainingSolver"].is-active',
  });
  await main;
  await run(['run', '--preset', 'smoke', '--seed', '1', '--db', db, '--quiet']);
  const [first = '', second = ''] = ids(db, 'SELECT id FROM runs ORDER BY number');
  const [question = ''] = ids(
    db,
    `SELECT question_id AS id FROM curriculum WHERE kept = 1 AND vote_share < 0.75 AND question_id IN (SELECT question_id FROM solver_groups) ORDER BY iteration DESC, question_id LIMIT 1`,
  );
  const canvas = '[role=tabpanel]:not([hidden]) canvas';
  const usual = { theme: 'light', size: DESKTOP, awaited: canvas } as const;
  for (const picture of [
    { ...usual, name: 'dashboard', place: `run=${first}&tab=overview` },
    { ...usual, name: 'compare', place: `run=${first}&beside=${second}&tab=training`, theme: 'dark' },
    { ...usual, name: 'curriculum', place: `run=${first}&tab=curriculum` },
    { ...usual, name: 'question', place: `run=${first}&tab=curriculum&question=${question}`, awaited: '.asked' },
    { ...usual, name: 'workers', place: `run=${first}&tab=workers`, theme: 'dark' },
    { ...usual, name: 'phone', place: `run=${first}&tab=overview`, size: PHONE },
  ] as const)
    await take(picture);
  await server.close();
} finally {
  for (const child of children) child.kill('SIGKILL');
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Takes one picture. @throws Error when the page complained of something, or the file is too large for a README. */
async function shot(browser: Browser, url: string, { name, place, theme, size, awaited }: Picture): Promise<void> {
  const page = await browser.newPage({ viewport: size, colorScheme: theme });
  const complaints = complaintsOf(page);
  await page.goto(`${url}#${place}`);
  await page.locator(awaited).first().waitFor();
  await page.locator('#connection[data-connection=live]').waitFor();
  await pause(500); // what comes in softly has come in
  const file = join(IMAGES, `${name}.png`);
  await page.screenshot({ path: file });
  await page.close();
  const { size: bytes } = statSync(file);
  process.stdout.write(`${name}.png ${Math.round(bytes / 1000)} kB\n`);
  if (complaints.length > 0) throw new Error(`${name}: ${complaints.join('; ')}`);
  if (bytes > MOST_BYTES) throw new Error(`${name}.png has ${bytes} bytes, more than ${MOST_BYTES}`);
}

function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}

async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  children.add(child);
  const [code] = (await once(child, 'close')) as [number | null];
  children.delete(child);
  if (code !== 0) throw new Error(`rzero ${args.join(' ')} ended with ${code}`);
}

/** In the middle of the second iteration, so that there is something to see everywhere. */
function isTrainingSolver(db: string): boolean {
  if (!existsSync(db)) return false;
  return ids(db, "SELECT step AS id FROM steps WHERE iteration = 2 AND role = 'solver' AND step >= 4").length > 0;
}

/** The ids that a statement gives; none while the database is being made. */
function ids(db: string, sql: string): readonly string[] {
  const reader = openedReader(db);
  if (reader === null) return [];
  try {
    return reader.all<{ readonly id: string | number }>(sql, {}).map(({ id }) => String(id));
  } finally {
    reader.close();
  }
}

function openedReader(db: string): Reader | null {
  try {
    return openReader(db);
  } catch (error) {
    if (error instanceof DatabaseError) return null;
    throw error;
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(100);
}
