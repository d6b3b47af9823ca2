import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RunConfig, resolveConfig } from '../../src/config.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import type { Reader } from '../../storage/connection.js';
import { openReader } from '../../storage/database.js';
import { type Printed, rzero } from '../support/command-line.js';

/** Whole runs in miniature: the embedded model, real threads, real files, one process each. */

export const MAIN = fileURLToPath(new URL('../../bin/main.js', import.meta.url));
export const TINY = fileURLToPath(new URL('../../../models/tiny', import.meta.url)); // from dist/test/actors

/** A whole run of two iterations in about a second. */
const SMALL = {
  'rl.challenger.steps': '1',
  'rl.challenger.questions': '16',
  'rl.challenger.votes': '2',
  'rl.curriculum.questions': '32',
  'rl.curriculum.batch': '16',
  'rl.curriculum.votes': '4',
  'rl.curriculum.band': '[0,1]',
  'rl.solver.steps': '3',
  'rl.solver.questions': '4',
  'rl.solver.rollouts': '4',
  'evaluation.items': '2',
};

/** The arguments of a small run, with other settings for some. */
export function smallRun(db: string, settings: Readonly<Record<string, string>> = {}): string[] {
  const set = assignments(settings).flatMap((assignment) => ['--set', assignment]);
  return ['run', '--preset', 'smoke', '--iterations', '2', '--db', db, ...set];
}

/** The settings of a small run in this process. */
export function smallConfig(settings: Readonly<Record<string, string>> = {}): RunConfig {
  return resolveConfig({ preset: 'smoke', set: assignments(settings), flags: { iterations: 2 } });
}

const assignments = (settings: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries({ ...SMALL, ...settings }).map(([key, value]) => `${key}=${value}`);

/** A folder that is gone when the test file has ended. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-run-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A small run to its end in a new database, whose path it gives. @throws when it does not exit with 0. */
export async function finishedRun(db: string, settings: Readonly<Record<string, string>> = {}): Promise<Printed> {
  const printed = await rzero(smallRun(db, settings));
  assert.equal(printed.code, 0, printed.stderr);
  return printed;
}

/** Sends the signal to `rzero ARGS` when the run's snapshot has reached that number, and gives its end. */
export async function signalled(
  args: readonly string[],
  db: string,
  signal: 'SIGKILL' | 'SIGINT',
  sequence: number,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args, '--quiet'], { env, stdio: 'ignore' });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await reached(db, sequence, child);
  child.kill(signal);
  const [code, ended] = await closed;
  return { code, signal: ended };
}

/** Waits until the latest run in the database has kept that many snapshots, or the process has ended. */
export async function reached(db: string, sequence: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (existsSync(db) && lastSequence(db) >= sequence) return;
    await pause(2);
  }
  assert.fail(`the run ended before snapshot ${sequence}`);
}

function lastSequence(db: string): number {
  let reader: Reader;
  try {
    reader = openReader(db);
  } catch {
    return 0; // its tables are being made
  }
  try {
    return reader.get<{ sequence: number }>('SELECT max(sequence) AS sequence FROM snapshots', {})?.sequence ?? 0;
  } finally {
    reader.close();
  }
}

/** Rows of a query on a database file. */
export function query<Row = Record<string, unknown>>(db: string, sql: string): readonly Row[] {
  const reader = openReader(db);
  try {
    return reader.all<Row>(sql, {});
  } finally {
    reader.close();
  }
}

/** Everything that a run's seed decides: final weights, all views, each answer and each event, without clocks and ids. */
export function decided(db: string): object {
  return {
    weights: query(
      db,
      "SELECT iteration, role, step, sha256 FROM checkpoints WHERE kind = 'weights' ORDER BY iteration, role, step",
    ),
    runs: query(db, 'SELECT status, preset, model, seed, iterations FROM run_history'),
    iterations: query(db, 'SELECT * FROM iteration_summary ORDER BY iteration').map(timeless),
    curriculum: query(db, 'SELECT * FROM curriculum ORDER BY question_id').map(timeless),
    scores: query(db, 'SELECT * FROM benchmark_scores ORDER BY iteration, benchmark, metric').map(timeless),
    steps: query(db, 'SELECT * FROM training_steps ORDER BY iteration, role, step').map(timeless),
    groups: query(db, 'SELECT * FROM solver_groups ORDER BY iteration, step, position').map(timeless),
    answers: query(
      db,
      `SELECT q.iteration, q.batch, q.position, a.sample_index, a.text, a.logprob_sum, a.agrees, a.vote_group
       FROM answers a JOIN questions q ON q.id = a.question_id ORDER BY 1, 2, 3, 4`,
    ),
  };
}

function timeless(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { run_id: _, question_id: __, seconds: ___, ...rest } = row;
  return rest;
}

/** A copy of the embedded model with other weights, in a new folder. `change` gets each tensor's name and values. */
export function changedModel(folder: string, change: (name: string, values: Float32Array) => void): string {
  const { config, weights } = loadCheckpoint(TINY);
  for (const { name, offset, size } of parameterLayout(config).parameters) {
    change(name, weights.subarray(offset, offset + size));
  }
  cpSync(TINY, folder, { recursive: true });
  saveCheckpoint(folder, { config, weights });
  return folder;
}
