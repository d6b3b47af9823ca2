/** Version 4: what evaluations rest on: the protocol beside each score, and every answer with what was made of it. Booleans
 *  are 0 and 1; times are UTC in ISO 8601. */
export const CREATE_EVALUATIONS = `
-- origin 'run': a run's own, at the end of an iteration; 'eval': asked for by the command, of any model.
CREATE TABLE evaluations (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 2 AND 32 AND id NOT GLOB '*[^0-9a-z]*'),
  origin TEXT NOT NULL CHECK (origin IN ('run', 'eval')),
  target TEXT NOT NULL CHECK (target <> ''),
  run_id TEXT REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER CHECK (iteration >= 0),
  evaluated_at TEXT NOT NULL CHECK (datetime(evaluated_at) IS NOT NULL),
  rzero_version TEXT NOT NULL,
  CHECK ((run_id IS NULL) = (iteration IS NULL)),
  CHECK (origin = 'eval' OR run_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX evaluations_of_run ON evaluations (run_id, iteration) WHERE origin = 'run';

-- items_sha256 is of the questions and references in order: results of equal ones are of the same items. right_counts has
-- for each item how many of its samples are right: [1, 0, 1, ...].
CREATE TABLE evaluation_results (
  id INTEGER PRIMARY KEY,
  evaluation_id TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (position >= 0),
  benchmark TEXT NOT NULL,
  domain TEXT NOT NULL CHECK (domain IN ('math', 'general')),
  metric TEXT NOT NULL CHECK (metric <> ''),
  rule TEXT NOT NULL CHECK (rule <> ''),
  file TEXT,
  file_sha256 TEXT CHECK (length(file_sha256) = 64),
  items INTEGER NOT NULL CHECK (items >= 1),
  items_sha256 TEXT NOT NULL CHECK (length(items_sha256) = 64),
  score REAL NOT NULL CHECK (score BETWEEN 0 AND 100),
  stderr REAL CHECK (stderr >= 0),
  right_counts TEXT NOT NULL CHECK (json_array_length(right_counts) = items),
  shots INTEGER NOT NULL CHECK (shots >= 0),
  shots_file TEXT,
  template_sha256 TEXT NOT NULL CHECK (length(template_sha256) = 64),
  prefix TEXT,
  temperature REAL NOT NULL CHECK (temperature >= 0),
  samples INTEGER NOT NULL CHECK (samples >= 1),
  max_tokens INTEGER NOT NULL CHECK (max_tokens >= 1),
  stops TEXT NOT NULL CHECK (json_type(stops) = 'array'),
  seed INTEGER NOT NULL CHECK (seed >= 0),
  grader_version INTEGER NOT NULL CHECK (grader_version >= 1),
  UNIQUE (evaluation_id, position)
) STRICT;

-- One row for each question with its reference, however often it was asked; key is their SHA-256.
CREATE TABLE evaluation_items (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE CHECK (length(key) = 64),
  question TEXT NOT NULL,
  gold TEXT NOT NULL
) STRICT;

CREATE TABLE evaluation_answers_given (
  result_id INTEGER NOT NULL REFERENCES evaluation_results (id) ON DELETE CASCADE,
  item INTEGER NOT NULL CHECK (item >= 0),
  sample_index INTEGER NOT NULL CHECK (sample_index >= 0),
  item_id INTEGER NOT NULL REFERENCES evaluation_items (id),
  text TEXT NOT NULL,
  extracted TEXT,
  is_right INTEGER NOT NULL CHECK (is_right IN (0, 1)),
  token_count INTEGER NOT NULL CHECK (token_count >= 0),
  finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
  PRIMARY KEY (result_id, item, sample_index)
) STRICT, WITHOUT ROWID;
`;
