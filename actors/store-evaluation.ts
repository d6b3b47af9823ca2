import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseError } from '../src/errors.js';
import { commit, type Writer } from '../storage/connection.js';
import { openWriter } from '../storage/database.js';
import { newEvaluationId, recordEvaluation } from '../storage/evaluations.js';
import { runDetails } from '../storage/find-run.js';
import { DatabaseInUse } from '../storage/lock.js';
import type { BenchmarkResult } from './benchmarks.js';
import type { EvaluateSettings } from './evaluate.js';
import { resultRecord } from './evaluation-record.js';

/** A database that can't be written is refused now, not after hours of work. */
export function tryWriting(file: string): void {
  try {
    openWriter(file).close();
  } catch (error) {
    if (!(error instanceof DatabaseInUse)) throw error;
    throw new DatabaseError(`${error.message}, or keep nothing with --no-store`, { cause: error.cause });
  }
}

/** How long another process may hold the database when an evaluation is to be stored. */
const PATIENCE_MS = 30_000;

/** Records an evaluation and gives its id. Another may be recording its own at the moment: that is waited for. */
export async function storeEvaluation(
  { target, rzeroVersion }: EvaluateSettings,
  file: string,
  results: readonly BenchmarkResult[],
): Promise<string> {
  const db = await openPatiently(file);
  try {
    const id = newEvaluationId(db, randomInt);
    const ofRun = target.kind === 'run' && resolve(target.databaseFile) === resolve(file);
    const evaluation = {
      id,
      origin: 'eval',
      target: target.kind === 'model' ? target.model : `${target.runId}@${target.iteration}`,
      runId: ofRun ? runDetails(db, target.runId).id : null,
      iteration: ofRun ? target.iteration : null,
      evaluatedAt: new Date().toISOString(),
      rzeroVersion,
    } as const;
    commit(db, () =>
      recordEvaluation(
        db,
        evaluation,
        results.map((result) => resultRecord(result, true)),
      ),
    );
    return id;
  } finally {
    db.close();
  }
}

async function openPatiently(file: string): Promise<Writer> {
  for (const begin = performance.now(); ; await pause(200)) {
    try {
      return openWriter(file);
    } catch (error) {
      if (!(error instanceof DatabaseInUse) || performance.now() - begin > PATIENCE_MS) throw error;
    }
  }
}
