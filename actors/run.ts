import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { RunConfig } from '../src/config.js';
import { DatabaseError, UsageError } from '../src/errors.js';
import { commit, type Writer } from '../storage/connection.js';
import { openWriter } from '../storage/database.js';
import { latestUnfinishedRun, runDetails } from '../storage/find-run.js';
import { createRun, finishRun, interruptRun, markKilledRuns, newRunId, reopenRun } from '../storage/runs.js';
import { formatOf, trainableModel } from './model.js';
import { carryOut, type Ending, type SystemHooks } from './system.js';

/** Starting a run and going on with one: the rows around {@link carryOut}. */

export interface FinishedRun {
  readonly runId: string;
  readonly status: 'interrupted' | 'done' | 'nothing_left' | 'failed';
  readonly reason: string | null;
}

const REASONS = {
  no_valid_questions: 'the Challenger wrote no valid question, so nothing is left to learn from',
  nothing_kept: 'no question fell into the frontier band, so nothing is left to learn from',
  no_signal: "every group's rewards were equal, so nothing is left to learn from",
} as const;

/** A new run, from the base to its end. @throws what is wrong with the model or the database, before anything is written. */
export async function startRun(
  options: { readonly config: RunConfig; readonly databaseFile: string; readonly rzeroVersion: string } & SystemHooks,
): Promise<FinishedRun> {
  const config = { ...options.config, model: placeOf(options.config.model), ...threadsOf(options.config) };
  formatOf(trainableModel(config)); // a model that can't be read leaves no run behind
  return withWriter(options.databaseFile, async (db) => {
    const id = commit(db, () => {
      markKilledRuns(db);
      const runId = newRunId(db, randomInt);
      const startedAt = new Date().toISOString();
      const { preset, model, seed, iterations } = config;
      createRun(db, {
        id: runId,
        preset,
        model,
        seed,
        iterations,
        config,
        startedAt,
        rzeroVersion: options.rzeroVersion,
      });
      return runId;
    });
    options.onNews(`run ${id}, preset ${config.preset}, seed ${config.seed}, in ${options.databaseFile}`);
    return finish(db, id, config, options);
  });
}

/** Goes on with the run named by its id or the beginning of it, or with the latest that has not come to its end.
 *  @throws DatabaseError where there is no database: none is made to look into.
 *  @throws UsageError where no such run is left to go on with. */
export async function resumeRun(
  options: { readonly run: string | null; readonly databaseFile: string } & SystemHooks,
): Promise<FinishedRun> {
  if (!existsSync(options.databaseFile)) {
    throw new DatabaseError(
      `there is no database at ${options.databaseFile}; "rzero run" makes one, or name another file with --db`,
    );
  }
  return withWriter(options.databaseFile, async (db) => {
    commit(db, () => markKilledRuns(db));
    const run = options.run === null ? latestUnfinishedRun(db) : runDetails(db, options.run);
    if (run === undefined)
      throw new UsageError(`there is no unfinished run in ${options.databaseFile}; "rzero run" starts one`);
    if (run.status === 'done' || run.status === 'nothing_left')
      throw new UsageError(`run ${run.id} has come to its end; "rzero show ${run.id}" tells of it`);
    commit(db, () => reopenRun(db, run.id));
    options.onNews(`resuming run ${run.id}`);
    return finish(db, run.id, run.config, options);
  });
}

async function finish(db: Writer, runId: string, config: unknown, hooks: SystemHooks): Promise<FinishedRun> {
  let ending: Ending;
  try {
    ending = await carryOut(db, runId, config, hooks);
  } catch (error) {
    commit(db, () => interruptRun(db, runId));
    throw error;
  }
  const finishedAt = new Date().toISOString();
  switch (ending.kind) {
    case 'stopped':
      commit(db, () => interruptRun(db, runId));
      return { runId, status: 'interrupted', reason: null };
    case 'done':
      commit(db, () => finishRun(db, runId, { status: 'done', finishedAt, endReason: null }));
      return { runId, status: 'done', reason: null };
    case 'nothingLeft': {
      const reason = REASONS[ending.reason];
      commit(db, () => finishRun(db, runId, { status: 'nothing_left', finishedAt, endReason: reason }));
      return { runId, status: 'nothing_left', reason };
    }
    case 'failed': {
      const { error, role, work } = ending;
      const endReason = `${role} failed at ${work}`;
      commit(db, () => finishRun(db, runId, { status: 'failed', finishedAt, endReason, error }));
      return { runId, status: 'failed', reason: `${endReason}: ${error.message}` };
    }
  }
}

/** A model's name or absolute folder: a run is resumed from wherever. */
const placeOf = (model: string): string => (model === 'tiny' ? model : resolve(model));

/** As many threads as there are cores, where that was asked for: what a run is stored with can be repeated elsewhere. */
const threadsOf = ({ workers, threadsPerWorker }: RunConfig): Pick<RunConfig, 'threadsPerWorker'> => ({
  threadsPerWorker:
    threadsPerWorker === 0 ? Math.max(1, Math.floor(availableParallelism() / workers)) : threadsPerWorker,
});

async function withWriter<T>(file: string, work: (db: Writer) => Promise<T>): Promise<T> {
  const db = openWriter(file);
  try {
    return await work(db);
  } finally {
    db.close();
  }
}
