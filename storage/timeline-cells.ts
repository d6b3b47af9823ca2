import type { Reader } from './connection.js';

/**
 * The timeline of a run for a picture of so many columns: SQLite adds up what each worker did in each column, so a long run
 * costs no more to draw than a short one. Its clock stands still between a stop and the resume.
 */

export interface TimelineCells {
  /** How long the run's workers were at work, all sittings together. */
  readonly seconds: number;
  /** The window that was asked for, and how much of it a column is. */
  readonly from_seconds: number;
  readonly to_seconds: number;
  readonly column_seconds: number;
  readonly cells: readonly TimelineCell[];
  /** When each iteration began. */
  readonly iterations: readonly { readonly iteration: number; readonly start_seconds: number }[];
}

/** What a worker did in one column, by task. */
export interface TimelineCell {
  readonly worker: string;
  readonly column: number;
  readonly task: string;
  readonly seconds: number;
}

/** A part of a run's time; null for its beginning and its end so far. */
export interface TimelineWindow {
  readonly fromSeconds: number | null;
  readonly toSeconds: number | null;
  readonly columns: number;
}

/** What the workers of a run did, in columns of equal time. */
export function timelineCells(db: Reader, runId: string, window: TimelineWindow): TimelineCells {
  const ms = db.get<{ readonly ms: number }>(
    `WITH ${CLOCK} SELECT coalesce(sum(ended - started), 0) AS ms FROM sittings`,
    { runId },
  )?.ms;
  const seconds = (ms ?? 0) / 1000;
  const fromSeconds = Math.min(window.fromSeconds ?? 0, seconds);
  const toSeconds = Math.max(fromSeconds, Math.min(window.toSeconds ?? seconds, seconds));
  const columnSeconds = (toSeconds - fromSeconds) / window.columns;
  const iterations = db.all<TimelineCells['iterations'][number]>(ITERATIONS, { runId });
  const times = { fromMs: fromSeconds * 1000, toMs: toSeconds * 1000, columnMs: columnSeconds * 1000 };
  return {
    seconds,
    from_seconds: fromSeconds,
    to_seconds: toSeconds,
    column_seconds: columnSeconds,
    cells: columnSeconds === 0 ? [] : db.all(CELLS, { runId, ...times, columns: window.columns }),
    iterations,
  };
}

/** `zero`: what the clock of a sitting's tasks shows when the run's shows nothing. */
const CLOCK = `
  sittings AS (
    SELECT sitting, min(started_ms) AS started, max(ended_ms) AS ended FROM worker_tasks
    WHERE run_id = @runId GROUP BY sitting
  ), clock AS (
    SELECT sitting, started - coalesce(sum(ended - started) OVER (
      ORDER BY sitting ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS zero
    FROM sittings
  )`;

const ITERATIONS = `
  WITH ${CLOCK}
  SELECT t.iteration, min(t.started_ms - c.zero) / 1000 AS start_seconds
  FROM worker_tasks t JOIN clock c ON c.sitting = t.sitting WHERE t.run_id = @runId
  GROUP BY t.iteration ORDER BY t.iteration`;

/** A task that reaches into the next column is carried on there, and so on to its end. */
const CELLS = `
  WITH RECURSIVE ${CLOCK}, tasks AS (
    SELECT t.worker, t.task, max(t.started_ms - c.zero, @fromMs) - @fromMs AS started,
      min(t.ended_ms - c.zero, @toMs) - @fromMs AS ended
    FROM worker_tasks t JOIN clock c ON c.sitting = t.sitting
    WHERE t.run_id = @runId AND t.ended_ms - c.zero > @fromMs AND t.started_ms - c.zero < @toMs
  ), pieces (worker, task, started, ended, "column") AS (
    SELECT worker, task, started, ended, min(CAST(started / @columnMs AS INTEGER), @columns - 1) FROM tasks
    UNION ALL
    SELECT worker, task, started, ended, "column" + 1 FROM pieces
    WHERE ("column" + 1) * @columnMs < ended AND "column" + 1 < @columns
  )
  SELECT worker, "column", task,
    sum(min(ended, ("column" + 1) * @columnMs) - max(started, "column" * @columnMs)) / 1000 AS seconds
  FROM pieces GROUP BY worker, "column", task ORDER BY worker, "column", task`;
