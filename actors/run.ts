import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseConfig, type RunConfig, requireJudge } from '../src/config.js';
import { DatabaseError, UsageError } from '../src/errors.js';
import { commit, type Writer } from '../storage/connection.js';
import { openWriter } from '../storage/database.js';
import { latestUnfinishedRun, runDetails } from '../storage/find-run.js';
import { createRun, finishRun, interruptRun, markKilledRuns, newRunId, reopenRun } from '../storage/runs.js';
import { requireOwnKey } from './judge-server.js';
import { requireMemory } from './memory.js';
import { formatOf, threadsOfEach, trainableModel } from './model.js';
import { meetServer } from './rollout-server.js';
import { carryOut, type Ending, type RunWork, type SystemHooks } from './system.js';

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
  const config = withPlaces(options.config);
  requireOwnKey(config, options);
  requireMemory(config);
  // A model that can't be read and a server that can't be used leave no run behind.
  const model = trainableModel(config);
  const server = await meetServer(config, model, formatOf(model), options);
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
    return finish(db, { runId: id, config, model, server }, options);
  });
}

/** Goes on with the run named by its id or the beginning of it, or with the latest that has not come to its end.
 *  @throws DatabaseError where there is no database: none is made to look into.
 *  @throws UsageError where no such run is left to go on with. */
export async function resumeRun(
  options: {
    readonly run: string | null;
    readonly databaseFile: string;
    /** Where its server is now; null where it was. */
    readonly serverUrl: string | null;
    /** Another judge of its labels from here on; null for none, undefined for what it had. */
    readonly judge: { readonly model: string | null | undefined; readonly url: string | undefined };
  } & SystemHooks,
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
    const stored = parseConfig(run.config);
    const moved = options.serverUrl === null ? stored : atAddress(stored, options.serverUrl, run.id);
    const config = withJudge(moved, options.judge);
    requireOwnKey(config, options);
    requireMemory(config);
    const model = trainableModel(config);
    const server = await meetServer(config, model, formatOf(model), options);
    commit(db, () => reopenRun(db, run.id));
    options.onNews(`resuming run ${run.id}`);
    return finish(db, { runId: run.id, config, model, server }, options);
  });
}

async function finish(db: Writer, work: RunWork, hooks: SystemHooks): Promise<FinishedRun> {
  const { runId } = work;
  let ending: Ending;
  try {
    hooks.follower.onBegin(runId);
    ending = await carryOut(db, work, hooks);
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

/** The settings as they are stored: with absolute folders, as a run is resumed from wherever, and with as many threads as
 *  there are cores where that was asked for. */
function withPlaces(config: RunConfig): RunConfig {
  const { model, rollouts, workers } = config;
  const loraFolder = rollouts.loraFolder === null ? null : resolve(rollouts.loraFolder);
  return {
    ...config,
    model: model === 'tiny' ? model : resolve(model),
    threadsPerWorker: config.threadsPerWorker || threadsOfEach(workers),
    rollouts: { ...rollouts, loraFolder },
  };
}

/** The settings of a run whose server has moved. @throws UsageError for a run that samples here. */
function atAddress(config: RunConfig, url: string, runId: string): RunConfig {
  if (config.rollouts.url === null)
    throw new UsageError(`run ${runId} samples its rollouts here, and goes on so; leave --rollouts out`);
  return parseConfig({ ...config, rollouts: { ...config.rollouts, url } });
}

/** The settings with another judge of labels, on which no weight depends. @throws UsageError for an address without a model. */
function withJudge(
  config: RunConfig,
  { model = config.oracle.model, url }: { readonly model: string | null | undefined; readonly url: string | undefined },
): RunConfig {
  const judged = parseConfig({ ...config, oracle: { ...config.oracle, model, url: url ?? config.oracle.url } });
  if (url !== undefined) requireJudge(judged);
  return judged;
}

async function withWriter<T>(file: string, work: (db: Writer) => Promise<T>): Promise<T> {
  const db = openWriter(file);
  try {
    return await work(db);
  } finally {
    db.close();
  }
}
