import type { Reader, Writer } from './connection.js';
import type { TimelineRow, WorkerUtilisationRow } from './views.js';

/** One task that a worker did; times in milliseconds since the Unix epoch. */
export interface WorkerTaskRecord {
  readonly runId: string;
  /** The iteration under way; 0 while the base is evaluated. */
  readonly iteration: number;
  /** Which start or resume of the run it belongs to, from 1. */
  readonly sitting: number;
  readonly worker: string;
  readonly task: string;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Adds a task to the timeline. Work that was lost and is done again is in it twice: so much was done. */
export function recordWorkerTask(db: Writer, task: WorkerTaskRecord): void {
  db.run(
    `INSERT INTO worker_tasks (run_id, iteration, sitting, worker, task, started_ms, ended_ms)
     VALUES (@runId, @iteration, @sitting, @worker, @task, @startedMs, @endedMs)`,
    task,
  );
}

/** The number of a start or resume of the run that begins now. */
export function nextSitting(db: Reader, runId: string): number {
  const sql = 'SELECT coalesce(max(sitting), 0) + 1 AS next FROM worker_tasks WHERE run_id = @runId';
  return db.get<{ readonly next: number }>(sql, { runId })?.next ?? 1;
}

/** What the workers of a run did, by the time at which they began it. */
export function timeline(db: Reader, runId: string): readonly TimelineRow[] {
  return db.all('SELECT * FROM timeline WHERE run_id = @runId ORDER BY start_seconds, worker', { runId });
}

/** How busy each worker of a run was in each iteration. */
export function workerUtilisation(db: Reader, runId: string): readonly WorkerUtilisationRow[] {
  return db.all('SELECT * FROM worker_utilisation WHERE run_id = @runId ORDER BY iteration, worker', { runId });
}

/** Where the time of an iteration's model workers went. All seconds but the wall's are sums over these workers. */
export interface ModelUtilisation {
  readonly iteration: number;
  readonly wall_seconds: number;
  readonly workers: number;
  readonly busy_share: number | null;
  readonly idle_seconds: number;
  /** Seconds by task, the longest first. */
  readonly tasks: Readonly<Record<string, number>>;
}

/** Where the time of the model workers went in each iteration of a run. */
export function modelUtilisation(db: Reader, runId: string): readonly ModelUtilisation[] {
  const tasks = db.all<{ readonly iteration: number; readonly task: string; readonly seconds: number }>(
    `SELECT iteration, task, sum(seconds) AS seconds FROM timeline
     WHERE run_id = @runId AND worker LIKE 'model %' GROUP BY iteration, task ORDER BY iteration, sum(seconds) DESC`,
    { runId },
  );
  const walls = db.all<{ readonly iteration: number; readonly wall: number; readonly busy: number }>(
    `SELECT iteration, max(wall_seconds) AS wall, sum(busy_seconds) AS busy FROM worker_utilisation
     WHERE run_id = @runId AND worker LIKE 'model %' GROUP BY iteration ORDER BY iteration`,
    { runId },
  );
  const { workers } = db.get<{ readonly workers: number }>(
    `SELECT count(DISTINCT worker) AS workers FROM worker_tasks WHERE run_id = @runId AND worker LIKE 'model %'`,
    { runId },
  ) ?? { workers: 0 };
  return walls.map(({ iteration, wall, busy }) => ({
    iteration,
    wall_seconds: wall,
    workers,
    busy_share: wall > 0 ? busy / (workers * wall) : null,
    idle_seconds: workers * wall - busy,
    tasks: Object.fromEntries(
      tasks.filter((row) => row.iteration === iteration).map(({ task, seconds }) => [task, seconds]),
    ),
  }));
}
