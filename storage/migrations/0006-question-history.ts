/** Version 6: where a question came from, which group each answer voted for, and which training steps learned from it. */
export const KEEP_QUESTION_HISTORY = `
-- completion: all that the Challenger wrote, without the token that ended it; NULL where question is that, and for questions of
-- older versions.
ALTER TABLE questions ADD COLUMN completion TEXT;

-- vote_group: the answer's place in votes.groups, from 0; NULL for one that can't be read, and for answers of older versions.
ALTER TABLE answers ADD COLUMN vote_group INTEGER CHECK (vote_group >= 0);

-- The groups of a Solver's training step: rewards has that of each rollout, [1, 0.1, ...]; equal ones teach nothing. The
-- Challenger's step learns from the batch of questions that has its number.
CREATE TABLE step_questions (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 1),
  step INTEGER NOT NULL CHECK (step >= 0),
  position INTEGER NOT NULL CHECK (position >= 0),
  question_id INTEGER NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
  rewards TEXT NOT NULL CHECK (json_type(rewards) = 'array'),
  PRIMARY KEY (run_id, iteration, step, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX step_questions_of_question ON step_questions (question_id);

-- In the order written: a page of a run's questions is read from here without sorting them all.
CREATE INDEX questions_of_run ON questions (run_id, phase);
`;
