import { parseConfig, type RunConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import { openReader, weightsFolder } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import { benchmarkScores } from '../storage/scores.js';
import { type TrainableModel, trainableModel } from './model.js';
import { weightsAfter } from './policy-keeper.js';

/** The Solver of a run after an iteration; 0 is its base. */
export interface RunPlace {
  readonly runId: string;
  readonly iteration: number;
  readonly databaseFile: string;
}

export interface RunSolver {
  /** The whole id. */
  readonly runId: string;
  readonly config: RunConfig;
  readonly model: TrainableModel;
  /** What the Solver had learned by then. */
  readonly learned: Float32Array;
}

/** @throws UsageError for a run or an iteration that is not there; CheckpointError for weights that can't be read. */
export function runSolver({ runId, iteration, databaseFile }: RunPlace): RunSolver {
  const db = openReader(databaseFile);
  try {
    const run = runDetails(db, runId);
    const last = Math.max(0, ...benchmarkScores(db, run.id).map((score) => score.iteration)); // scored at its end
    if (iteration > last) {
      throw new UsageError(`run ${run.id} has no iteration ${iteration} yet; give one from 0, the base, to ${last}`);
    }
    const config = parseConfig(run.config);
    const model = trainableModel(config);
    const place = { runId: run.id, role: 'solver', iteration } as const;
    const learned = weightsAfter(db, weightsFolder(db.path), model.layout, place) ?? model.initial;
    return { runId: run.id, config, model, learned };
  } finally {
    db.close();
  }
}
