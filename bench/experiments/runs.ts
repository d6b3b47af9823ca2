import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NOBODY } from '../../actors/follower.js';
import { threadsOfEach } from '../../actors/model.js';
import { startRun } from '../../actors/run.js';
import { readVersion } from '../../bin/version.js';
import { parseConfig, type RunConfig, resolveConfig } from '../../src/config.js';
import { UsageError } from '../../src/errors.js';
import type { Reader } from '../../storage/connection.js';
import { openReader } from '../../storage/database.js';
import { runDetails } from '../../storage/find-run.js';
import { type ExperimentFlags, say } from './flags.js';

/** A way of running the loop, and what it sets beside the experiment's own settings. */
export interface Variant {
  readonly name: string;
  readonly set: readonly string[];
}

export const FULL: Variant = { name: 'full', set: [] };
/** The Solver learns from questions of a Challenger that never learned to ask them. */
export const UNTRAINED: Variant = { name: 'untrained-challenger', set: ['rl.challenger.steps=0'] };

export interface MadeRun {
  readonly seed: number;
  readonly databaseFile: string;
  readonly runId: string;
}

/** The run of a variant and a seed, in a database of its own in the experiments' folder.
 *  @throws UsageError where one that is to be taken was made with other settings. */
export async function runOf(flags: ExperimentFlags, variant: Variant, seed: number): Promise<MadeRun> {
  const databaseFile = join(flags.folder, `${variant.name}-seed-${seed}.db`);
  const config = configOf(flags, variant, seed);
  const taken = flags.reuse && existsSync(databaseFile) ? finishedRun(databaseFile, config) : null;
  if (taken !== null) return { seed, databaseFile, runId: taken };
  mkdirSync(flags.folder, { recursive: true });
  for (const leftover of ['', '-wal', '-shm', '.lock', '.weights'])
    rmSync(databaseFile + leftover, { recursive: true, force: true });
  const start = performance.now();
  const hooks = {
    signal: new AbortController().signal,
    serverKey: null,
    oracleKey: null,
    follower: NOBODY,
    onProgress: () => {},
    onNews: say,
  };
  const run = await startRun({ config, databaseFile, rzeroVersion: readVersion(), ...hooks });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  say(`${variant.name}, seed ${seed}: ${run.status} after ${seconds} s`);
  if (run.status === 'failed') throw new UsageError(`${variant.name}, seed ${seed}: ${run.reason}`);
  return { seed, databaseFile, runId: run.runId };
}

function configOf(flags: ExperimentFlags, variant: Variant, seed: number): RunConfig {
  return resolveConfig({
    preset: flags.preset,
    set: [`evaluation.items=${flags.items}`, ...flags.set, ...variant.set],
    flags: { seed, iterations: flags.iterations, model: flags.model },
  });
}

/** Where the runs' models are, for what else is done with them. */
export function crewOf(flags: ExperimentFlags): Pick<RunConfig, 'executionProvider' | 'workers' | 'threadsPerWorker'> {
  const { executionProvider, workers, threadsPerWorker } = configOf(flags, FULL, 0);
  return { executionProvider, workers, threadsPerWorker: threadsPerWorker || threadsOfEach(workers) };
}

/** Does `read` with the database of a run. */
export function withDatabase<T>({ databaseFile }: Pick<MadeRun, 'databaseFile'>, read: (db: Reader) => T): T {
  const db = openReader(databaseFile);
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** The id of the database's run where it came to its end; null where it did not. */
function finishedRun(databaseFile: string, config: RunConfig): string | null {
  return withDatabase({ databaseFile }, (db) => {
    const run = runDetails(db, ''); // the only one: every id begins with nothing
    if (run.status !== 'done' && run.status !== 'nothing_left') return null;
    const stored = parseConfig(run.config);
    const decides = ({ preset, seed, rl, lora, evaluation: { items, samples } }: RunConfig): string =>
      JSON.stringify({ preset, seed, rl, lora, items, samples });
    // More iterations will do: the first ones are the same.
    if (decides(stored) === decides(config) && stored.iterations >= config.iterations) return run.id;
    throw new UsageError(`${databaseFile} was made with other settings; leave --reuse out, or name another --folder`);
  });
}
