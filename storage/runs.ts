import type { PlainError } from '../src/errors.js';
import { InternalError } from '../src/errors.js';
import type { Reader, Writer } from './connection.js';
import type { RunHistoryRow, RunStatus } from './views.js';

/** What is known of a run when it starts. `config` is the resolved configuration; times are UTC, ISO 8601. */
export interface NewRun {
  readonly id: string;
  readonly preset: string;
  readonly model: string;
  readonly seed: number;
  readonly iterations: number;
  readonly config: object;
  readonly startedAt: string;
  readonly rzeroVersion: string;
}

/** How a run ended for good. `nothing_left`: no question was left to learn from, as `endReason` tells. */
export type RunEnd =
  | { readonly status: 'done' | 'nothing_left'; readonly finishedAt: string; readonly endReason: string | null }
  | {
      readonly status: 'failed';
      readonly finishedAt: string;
      readonly endReason: string | null;
      readonly error: PlainError;
    };

/** One run with its configuration, to be checked by whoever uses it. */
export interface RunDetails extends Omit<NewRun, 'config'> {
  readonly config: unknown;
  readonly status: RunStatus;
  readonly finishedAt: string | null;
  readonly endReason: string | null;
  readonly error: PlainError | null;
}

/** Letters and digits that can't be taken for one another. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const RUN_ID_LENGTH = 5;

/** A short id that no run of this database has, such as `r7f3k2`. `draw(limit)` gives an integer in [0, limit):
 *  `randomInt` of node:crypto, or a seeded one in tests. */
export function newRunId(db: Reader, draw: (limit: number) => number): string {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const id = `r${Array.from({ length: RUN_ID_LENGTH }, () => ALPHABET[draw(ALPHABET.length)]).join('')}`;
    if (db.get('SELECT 1 FROM runs WHERE id = @id', { id }) === undefined) return id;
  }
  throw new InternalError('a thousand run ids were drawn and all are taken: the drawing function repeats itself');
}

/** Records a run as `running`. */
export function createRun(db: Writer, run: NewRun): void {
  db.run(
    `INSERT INTO runs (id, status, preset, model, seed, iterations, config, started_at, rzero_version)
     VALUES (@id, 'running', @preset, @model, @seed, @iterations, @config, @startedAt, @rzeroVersion)`,
    { ...run, config: JSON.stringify(run.config) },
  );
}

/** Records that a run is at work again: it has no end and no error any more. */
export function reopenRun(db: Writer, runId: string): void {
  change(db, runId, `status = 'running', finished_at = NULL, end_reason = NULL, error = NULL`, {});
}

/** Records that a run was stopped in good order and can be resumed. */
export function interruptRun(db: Writer, runId: string): void {
  change(db, runId, `status = 'interrupted', finished_at = NULL, end_reason = NULL, error = NULL`, {});
}

/** Records the end of a run. */
export function finishRun(db: Writer, runId: string, end: RunEnd): void {
  const error = end.status === 'failed' ? JSON.stringify(end.error) : null;
  change(db, runId, 'status = @status, finished_at = @finishedAt, end_reason = @endReason, error = @error', {
    ...end,
    error,
  });
}

/** Marks as interrupted every run that says `running` and returns their ids. The writer's lock makes it true: no other
 *  process is at work on this database, so these were killed. Call it before a run is started or resumed. */
export function markKilledRuns(db: Writer): readonly string[] {
  const killed = db.all<{ readonly id: string }>(`SELECT id FROM runs WHERE status = 'running' ORDER BY number`, {});
  for (const { id } of killed) interruptRun(db, id);
  return killed.map(({ id }) => id);
}

/** All runs, the first one first. */
export function listRuns(db: Reader): readonly RunHistoryRow[] {
  return db.all('SELECT * FROM run_history', {});
}

function change(db: Writer, runId: string, assignments: string, parameters: object): void {
  const count = db.run(`UPDATE runs SET ${assignments} WHERE id = @runId`, { ...parameters, runId });
  if (count !== 1) throw new InternalError(`there is no run ${runId} to change`);
}
