import { z } from 'zod';
import { CHARTS } from '../../machines/draw.js';
import { chartOutline } from '../../machines/outline.js';
import type { Reader } from '../../storage/connection.js';
import { batchDifficulties, labelCounts, outcomeCounts, voteShareCounts } from '../../storage/curriculum-counts.js';
import { newestEvents } from '../../storage/events.js';
import { iterationSummary } from '../../storage/iterations.js';
import { phasesOfRun } from '../../storage/phases.js';
import { listRuns, type RunDetails } from '../../storage/runs.js';
import { benchmarkScores } from '../../storage/scores.js';
import { newestSnapshot } from '../../storage/snapshots.js';
import { trainingSteps } from '../../storage/steps.js';
import { type TimelineWindow, timelineCells } from '../../storage/timeline-cells.js';
import { modelUtilisation } from '../../storage/worker-tasks.js';
import { describeRun } from '../describe-run.js';
import type {
  Charts,
  CurriculumPictures,
  RunList,
  RunOverview,
  RunState,
  Training,
  Workers,
} from '../page/dashboard/contract.js';
import { readItemScores } from '../run-report.js';
import { averages } from '../terminal/tables.js';
import { readVersion } from '../version.js';
import { gainRows } from './gains.js';

/** What the dashboard's addresses answer, each read from the database in one go. */

export function readRuns(db: Reader): RunList {
  return { database: db.path, rzero_version: readVersion(), runs: listRuns(db) };
}

export function readOverview(db: Reader, run: RunDetails): RunOverview {
  const scores = benchmarkScores(db, run.id);
  return {
    run: { ...describeRun(run), band: bandOf(run.config) },
    iterations: iterationSummary(db, run.id),
    scores,
    averages: averages(scores),
    gains: gainRows(scores, readItemScores(db, run.id)),
    outcomes: outcomeCounts(db, run.id),
    labels: labelCounts(db, run.id),
  };
}

export function readCurriculumPictures(db: Reader, run: RunDetails): CurriculumPictures {
  return {
    band: bandOf(run.config),
    outcomes: outcomeCounts(db, run.id),
    vote_shares: voteShareCounts(db, run.id),
    difficulties: batchDifficulties(db, run.id),
  };
}

export function readTraining(db: Reader, runId: string): Training {
  return { steps: trainingSteps(db, runId) };
}

export function readWorkers(db: Reader, runId: string, window: TimelineWindow): Workers {
  return {
    utilisation: modelUtilisation(db, runId),
    phases: phasesOfRun(db, runId),
    timeline: timelineCells(db, runId, window),
  };
}

export function readCharts(): Charts {
  return { charts: Object.entries(CHARTS).map(([name, machine]) => ({ name, chart: chartOutline(machine) })) };
}

/** How many of the newest events the page lists. */
const EVENTS = 30;

export function readState(db: Reader, run: RunDetails): RunState {
  const stored = newestSnapshot(db, run.id);
  const parsed = SNAPSHOT.safeParse(stored?.snapshot);
  const events = newestEvents(db, run.id, EVENTS).map(({ id, at, actor, type, payload }) => ({
    id,
    at,
    actor,
    type,
    payload,
  }));
  const reason = run.error === null ? run.endReason : `${run.endReason ?? 'failed'}: ${run.error.message}`;
  if (!parsed.success) return { reason, saved_at: null, values: {}, events };
  const { value, children } = parsed.data;
  const roles = Object.entries(children).map(([name, { snapshot }]) => [name, snapshot.value]);
  return {
    reason,
    saved_at: stored?.savedAt ?? null,
    values: { supervisor: value, ...Object.fromEntries(roles) },
    events,
  };
}

/** What is read of a persisted supervisor: its own state and that of the roles below it. */
const SNAPSHOT = z.looseObject({
  value: z.unknown(),
  children: z.record(z.string(), z.looseObject({ snapshot: z.looseObject({ value: z.unknown() }) })),
});

const BAND = z.looseObject({
  rl: z.looseObject({ curriculum: z.looseObject({ band: z.tuple([z.number(), z.number()]) }) }),
});

function bandOf(config: unknown): RunOverview['run']['band'] {
  const parsed = BAND.safeParse(config);
  return parsed.success ? parsed.data.rl.curriculum.band : null;
}
