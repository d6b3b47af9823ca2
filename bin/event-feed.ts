import { setTimeout as pause } from 'node:timers/promises';
import { dataVersion } from '../storage/changes.js';
import type { Reader } from '../storage/connection.js';
import { eventsAfter, type StoredEvent } from '../storage/events.js';
import { runDetails } from '../storage/find-run.js';
import { writerOf } from '../storage/lock.js';
import type { RunDetails } from '../storage/runs.js';
import type { RunStatus } from '../storage/views.js';

/**
 * The events of a run as another process writes them. Rules:
 * - nothing is locked and nothing is written: a reader looks whether something was committed since, and reads on;
 * - how the run stands is read ahead of the events: what came to rest has no event more;
 * - a run that says `running` while nobody writes to the database was killed.
 */

/** How a run stands; nobody could record that its process was killed. */
export type Standing = RunStatus | 'killed';

export interface StandingRun {
  readonly run: RunDetails;
  readonly standing: Standing;
}

/** How long to wait before looking again. */
const POLL_MS = 200;
const PAGE = 500;

/** Gives the events of a run behind `afterId` to `hear` as they come, and how the run stands once it is at rest. A rest that
 *  can end, of a run that was interrupted or killed, is told to `onRest` first: where that says `wait`, so does this. */
export async function followEvents(
  db: Reader,
  runId: string,
  afterId: number,
  hear: (event: StoredEvent) => void,
  onRest: (at: StandingRun) => 'wait' | 'end',
): Promise<StandingRun> {
  let last = afterId;
  let told: Standing = 'running';
  for (;;) {
    const version = dataVersion(db);
    const at = standingOf(db, runId);
    last = hearAll(db, runId, last, hear);
    if (isOver(at.standing)) return at;
    if (at.standing !== told && at.standing !== 'running' && onRest(at) === 'end') return at;
    told = at.standing;
    while (dataVersion(db) === version && standingOf(db, runId).standing === told) await pause(POLL_MS);
  }
}

/** How a run stands, by its row and the writer's lock. */
export function standingOf(db: Reader, runId: string): StandingRun {
  const run = runDetails(db, runId);
  if (run.status !== 'running' || writerOf(db.path) !== 'nobody') return { run, standing: run.status };
  const since = runDetails(db, runId); // its process may have recorded the end and gone, between the two looks
  return { run: since, standing: since.status === 'running' ? 'killed' : since.status };
}

/** Whether nothing will come of the run any more; a failed one can be resumed, but ended as it did. */
function isOver(standing: Standing): boolean {
  return standing === 'done' || standing === 'nothing_left' || standing === 'failed';
}

/** Gives all events there are behind `afterId`, and the id of the last one. */
function hearAll(db: Reader, runId: string, afterId: number, hear: (event: StoredEvent) => void): number {
  let last = afterId;
  for (;;) {
    const events = eventsAfter(db, runId, last, PAGE);
    for (const event of events) hear(event);
    last = events.at(-1)?.id ?? last;
    if (events.length < PAGE) return last;
  }
}
