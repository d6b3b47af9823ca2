/** Version 2: what each worker did and when, in milliseconds since the Unix epoch. A sitting is one start or resume of the
 *  run: the time between two of them is nobody's. */
export const CREATE_WORKER_TASKS = `
CREATE TABLE worker_tasks (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  sitting INTEGER NOT NULL CHECK (sitting >= 1),
  worker TEXT NOT NULL CHECK (worker <> ''),
  task TEXT NOT NULL CHECK (task <> ''),
  started_ms REAL NOT NULL,
  ended_ms REAL NOT NULL,
  CHECK (ended_ms >= started_ms)
) STRICT;
CREATE INDEX worker_tasks_of_run ON worker_tasks (run_id, iteration);
`;
