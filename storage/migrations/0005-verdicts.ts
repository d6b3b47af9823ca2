/** Version 5: what a judge answered to a question, asked once and paid for once; and which vote was checked by it. */
export const CREATE_VERDICTS = `
-- url, model, prompt_version and max_tokens are how it was asked. answer is NULL where text, the end of the reply, has none.
-- run_id and iteration are of the run that asked and paid; token counts are NULL where the server gave none.
CREATE TABLE verdicts (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL CHECK (url <> ''),
  model TEXT NOT NULL CHECK (model <> ''),
  prompt_version INTEGER NOT NULL CHECK (prompt_version >= 1),
  max_tokens INTEGER NOT NULL CHECK (max_tokens >= 1),
  question TEXT NOT NULL,
  answer TEXT CHECK (answer <> ''),
  text TEXT NOT NULL,
  prompt_tokens INTEGER CHECK (prompt_tokens >= 0),
  completion_tokens INTEGER CHECK (completion_tokens >= 0),
  run_id TEXT REFERENCES runs (id) ON DELETE SET NULL,
  iteration INTEGER NOT NULL CHECK (iteration >= 1),
  answered_at TEXT NOT NULL CHECK (datetime(answered_at) IS NOT NULL),
  UNIQUE (question, url, model, prompt_version, max_tokens)
) STRICT;
CREATE INDEX verdicts_of_run ON verdicts (run_id, iteration);

-- The verdict that a label was checked by; NULL where it was computed, or not checked.
ALTER TABLE votes ADD COLUMN verdict_id INTEGER REFERENCES verdicts (id);
`;
