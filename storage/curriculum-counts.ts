import type { Reader } from './connection.js';

/** A run's questions counted by SQLite: as many rows as there are things to draw, however many questions there are. */

/** How many of an iteration's questions got this share of the vote. Shares are k of m votes, so there are few of them. */
export interface VoteShareCount {
  readonly iteration: number;
  readonly vote_share: number;
  readonly kept: 0 | 1;
  readonly questions: number;
}

/** How many of an iteration's questions were kept, or dropped for this reason. */
export interface OutcomeCount {
  readonly iteration: number;
  /** `kept`, or the drop reason. */
  readonly outcome: string;
  readonly questions: number;
}

/** How many pseudo-labels of an iteration's kept questions agree with the oracle, of those that it could judge. */
export interface LabelCount {
  readonly iteration: number;
  readonly right: number;
  readonly judged: number;
}

/** How hard the questions of one batch were to the Solver. */
export interface BatchDifficulty {
  readonly iteration: number;
  readonly phase: 'challenger' | 'curriculum';
  /** The Challenger's step, or the number of the curriculum's batch. */
  readonly batch: number;
  readonly questions: number;
  readonly valid: number;
  /** Null where none was voted on. */
  readonly mean_vote_share: number | null;
}

/** The vote shares of the questions written for the Solver, ascending in each iteration. */
export function voteShareCounts(db: Reader, runId: string): readonly VoteShareCount[] {
  return db.all(
    `SELECT iteration, vote_share, kept, count(*) AS questions FROM curriculum
     WHERE run_id = @runId AND vote_share IS NOT NULL
     GROUP BY iteration, vote_share, kept ORDER BY iteration, vote_share, kept`,
    { runId },
  );
}

/** What became of the questions written for the Solver, the most frequent first in each iteration. */
export function outcomeCounts(db: Reader, runId: string): readonly OutcomeCount[] {
  return db.all(
    `SELECT iteration, coalesce(drop_reason, 'kept') AS outcome, count(*) AS questions FROM curriculum
     WHERE run_id = @runId GROUP BY iteration, outcome ORDER BY iteration, count(*) DESC, outcome`,
    { runId },
  );
}

/** Iterations of which the oracle could judge no label are left out. */
export function labelCounts(db: Reader, runId: string): readonly LabelCount[] {
  return db.all(
    `SELECT iteration, sum(label_correct) AS right, count(label_correct) AS judged FROM curriculum
     WHERE run_id = @runId AND kept = 1 AND label_correct IS NOT NULL GROUP BY iteration ORDER BY iteration`,
    { runId },
  );
}

/** Every batch in the order in which it was written. */
export function batchDifficulties(db: Reader, runId: string): readonly BatchDifficulty[] {
  return db.all(
    `SELECT q.iteration, q.phase, q.batch, count(*) AS questions, sum(q.valid) AS valid,
       avg(v.vote_share) AS mean_vote_share
     FROM questions q LEFT JOIN votes v ON v.question_id = q.id
     WHERE q.run_id = @runId GROUP BY q.iteration, q.phase, q.batch ORDER BY q.iteration, q.phase, q.batch`,
    { runId },
  );
}
