/** Version 1: every table. Times are UTC in ISO 8601; booleans are 0 and 1; iteration 0 is the base model. */
export const CREATE_TABLES = `
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 2 AND 32 AND id NOT GLOB '*[^0-9a-z]*'),
  status TEXT NOT NULL CHECK (status IN ('running', 'interrupted', 'done', 'nothing_left', 'failed')),
  preset TEXT NOT NULL,
  model TEXT NOT NULL,
  seed INTEGER NOT NULL CHECK (seed >= 0),
  iterations INTEGER NOT NULL CHECK (iterations >= 1),
  config TEXT NOT NULL CHECK (json_valid(config)),
  started_at TEXT NOT NULL CHECK (datetime(started_at) IS NOT NULL),
  finished_at TEXT CHECK (finished_at IS NULL OR datetime(finished_at) IS NOT NULL),
  rzero_version TEXT NOT NULL,
  end_reason TEXT,
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  CHECK ((status IN ('done', 'nothing_left', 'failed')) = (finished_at IS NOT NULL)),
  CHECK ((status = 'failed') = (error IS NOT NULL))
) STRICT;

-- phase 'challenger': written while the Challenger trains, batch is its step; 'curriculum': written for the Solver.
CREATE TABLE questions (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 1),
  phase TEXT NOT NULL CHECK (phase IN ('challenger', 'curriculum')),
  batch INTEGER NOT NULL CHECK (batch >= 0),
  position INTEGER NOT NULL CHECK (position >= 0),
  question TEXT NOT NULL,
  valid INTEGER NOT NULL CHECK (valid IN (0, 1)),
  invalid_reason TEXT,
  own_answer TEXT,
  challenger_reward REAL,
  repetition_penalty REAL CHECK (repetition_penalty >= 0),
  token_count INTEGER NOT NULL CHECK (token_count >= 0),
  UNIQUE (run_id, iteration, phase, batch, position),
  CHECK ((valid = 1) = (invalid_reason IS NULL))
) STRICT;

-- groups: [{"answer": "12", "count": 7}, ...]. kept is NULL for the Challenger's questions: they are not filtered.
CREATE TABLE votes (
  question_id INTEGER PRIMARY KEY REFERENCES questions (id) ON DELETE CASCADE,
  vote_count INTEGER NOT NULL CHECK (vote_count >= 0),
  vote_share REAL CHECK (vote_share BETWEEN 0 AND 1),
  pseudo_label TEXT,
  groups TEXT NOT NULL CHECK (json_type(groups) = 'array'),
  kept INTEGER CHECK (kept IN (0, 1)),
  drop_reason TEXT CHECK (drop_reason <> ''),
  oracle_answer TEXT,
  label_correct INTEGER CHECK (label_correct IN (0, 1)),
  CHECK ((vote_count = 0) = (vote_share IS NULL)),
  CHECK (kept IS NOT 1 OR (pseudo_label IS NOT NULL AND vote_share IS NOT NULL)),
  CHECK ((kept IS 0) = (drop_reason IS NOT NULL)),
  CHECK (label_correct IS NULL OR oracle_answer IS NOT NULL)
) STRICT;

-- answer is what was extracted from text; logprob_sum is the natural log-probability of the whole text.
CREATE TABLE answers (
  question_id INTEGER NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
  sample_index INTEGER NOT NULL CHECK (sample_index >= 0),
  text TEXT NOT NULL,
  answer TEXT,
  token_count INTEGER NOT NULL CHECK (token_count >= 0),
  logprob_sum REAL NOT NULL,
  finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
  agrees INTEGER NOT NULL CHECK (agrees IN (0, 1)),
  PRIMARY KEY (question_id, sample_index)
) STRICT, WITHOUT ROWID;

-- loss, kl and what else an update reports are NULL where a step had nothing to learn from and made none.
CREATE TABLE steps (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 1),
  role TEXT NOT NULL CHECK (role IN ('challenger', 'solver')),
  step INTEGER NOT NULL CHECK (step >= 0),
  loss REAL,
  reward_mean REAL NOT NULL,
  reward_std REAL NOT NULL CHECK (reward_std >= 0),
  kl REAL,
  clip_fraction REAL CHECK (clip_fraction BETWEEN 0 AND 1),
  grad_norm REAL CHECK (grad_norm >= 0),
  entropy REAL,
  logprob_drift_mean REAL CHECK (logprob_drift_mean >= 0),
  logprob_drift_max REAL CHECK (logprob_drift_max >= 0),
  zero_variance_groups INTEGER NOT NULL CHECK (zero_variance_groups >= 0),
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  seconds REAL NOT NULL CHECK (seconds >= 0),
  PRIMARY KEY (run_id, iteration, role, step)
) STRICT;

CREATE TABLE scores (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  benchmark TEXT NOT NULL,
  domain TEXT NOT NULL CHECK (domain IN ('math', 'general')),
  metric TEXT NOT NULL CHECK (metric <> ''),
  items INTEGER NOT NULL CHECK (items >= 1),
  score REAL NOT NULL CHECK (score BETWEEN 0 AND 100),
  stderr REAL CHECK (stderr >= 0),
  file TEXT
) STRICT;
CREATE UNIQUE INDEX scores_key ON scores (run_id, iteration, benchmark, metric, coalesce(file, ''));

CREATE TABLE phases (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  phase TEXT NOT NULL CHECK (phase <> ''),
  seconds REAL NOT NULL CHECK (seconds >= 0),
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  PRIMARY KEY (run_id, iteration, phase)
) STRICT;

-- file is a name in the weights folder beside the database.
CREATE TABLE checkpoints (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  role TEXT NOT NULL CHECK (role IN ('challenger', 'solver')),
  step INTEGER NOT NULL CHECK (step >= 0),
  kind TEXT NOT NULL CHECK (kind IN ('weights', 'optimizer')),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
  file TEXT NOT NULL CHECK (file GLOB sha256 || '.*' AND file NOT GLOB '*/*'),
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  created_at TEXT NOT NULL CHECK (datetime(created_at) IS NOT NULL),
  PRIMARY KEY (run_id, iteration, role, step, kind)
) STRICT;

-- The supervisor's newest state; version says which program can restore it.
CREATE TABLE snapshots (
  run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  version TEXT NOT NULL,
  snapshot TEXT NOT NULL CHECK (json_valid(snapshot)),
  saved_at TEXT NOT NULL CHECK (datetime(saved_at) IS NOT NULL)
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  at TEXT NOT NULL CHECK (datetime(at) IS NOT NULL),
  actor TEXT NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload))
) STRICT;
CREATE INDEX events_of_run ON events (run_id, id);
`;
