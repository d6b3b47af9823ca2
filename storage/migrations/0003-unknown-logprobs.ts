/** Version 3: an answer's logprob_sum is NULL where the server that sampled it gave no log-probabilities. */
export const ALLOW_UNKNOWN_LOGPROBS = `
CREATE TABLE answers_3 (
  question_id INTEGER NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
  sample_index INTEGER NOT NULL CHECK (sample_index >= 0),
  text TEXT NOT NULL,
  answer TEXT,
  token_count INTEGER NOT NULL CHECK (token_count >= 0),
  logprob_sum REAL,
  finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
  agrees INTEGER NOT NULL CHECK (agrees IN (0, 1)),
  PRIMARY KEY (question_id, sample_index)
) STRICT, WITHOUT ROWID;
INSERT INTO answers_3 SELECT question_id, sample_index, text, answer, token_count, logprob_sum, finished, agrees
  FROM answers;
DROP TABLE answers;
ALTER TABLE answers_3 RENAME TO answers;
`;
