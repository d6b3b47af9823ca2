import type { RunDetails } from '../storage/runs.js';
import type { RunHistoryRow } from '../storage/views.js';

/** A run as reports and pages tell of it: its row of the view `run_history`, its settings, and how it ended. */
export interface RunDescription extends RunHistoryRow {
  readonly end_reason: string | null;
  readonly error: string | null;
  readonly config: unknown;
}

export function describeRun(run: RunDetails): RunDescription {
  return {
    run_id: run.id,
    status: run.status,
    preset: run.preset,
    model: run.model,
    seed: run.seed,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    iterations: run.iterations,
    rzero_version: run.rzeroVersion,
    end_reason: run.endReason,
    error: run.error?.message ?? null,
    config: run.config,
  };
}
