import type { Reader, Writer } from './connection.js';

/** Equivalent answers and how many samples gave one of them. */
export interface VoteGroup {
  readonly answer: string;
  readonly count: number;
}

/** The vote on one question, and what became of the question. */
export interface VoteRecord {
  /** Solver answers asked for: m. Zero for a question that was dropped without a vote. */
  readonly voteCount: number;
  /** Fraction of all m that agree with the most common answer, in [0, 1]; null where m is 0. */
  readonly voteShare: number | null;
  /** The most common answer; null where none could be parsed. */
  readonly pseudoLabel: string | null;
  readonly groups: readonly VoteGroup[];
  /** Whether the Solver trains on it; null for the Challenger's training questions, which are not filtered. */
  readonly kept: boolean | null;
  /** Why not: `too_easy`, `too_hard`, `no_answer`, `duplicate`, `invalid`; null unless `kept` is false. */
  readonly dropReason: string | null;
}

/** A question that the Solver trains on. */
export interface KeptQuestion {
  readonly questionId: number;
  readonly question: string;
  readonly pseudoLabel: string;
  readonly voteShare: number;
}

/** Records the vote on a question; again, it replaces the earlier one and what an oracle said of its label. */
export function recordVote(db: Writer, questionId: number, vote: VoteRecord): void {
  db.run(
    `INSERT OR REPLACE INTO votes (question_id, vote_count, vote_share, pseudo_label, groups, kept, drop_reason)
     VALUES (@questionId, @voteCount, @voteShare, @pseudoLabel, @groups, @kept, @dropReason)`,
    { ...vote, questionId, groups: JSON.stringify(vote.groups) },
  );
}

/** The iteration's questions that the Solver trains on, in the order they were written. */
export function keptQuestions(db: Reader, runId: string, iteration: number): readonly KeptQuestion[] {
  return db.all(
    `SELECT q.id AS questionId, q.question, v.pseudo_label AS pseudoLabel, v.vote_share AS voteShare
     FROM questions q JOIN votes v ON v.question_id = q.id
     WHERE q.run_id = @runId AND q.iteration = @iteration AND q.phase = 'curriculum' AND v.kept = 1
     ORDER BY q.batch, q.position`,
    { runId, iteration },
  );
}

/** The vote shares of an iteration's curriculum, kept or not, in the order in which the questions were written. */
export function voteShares(db: Reader, runId: string, iteration: number): readonly number[] {
  return db
    .all<{ readonly share: number }>(
      `SELECT vote_share AS share FROM curriculum
       WHERE run_id = @runId AND iteration = @iteration AND vote_share IS NOT NULL ORDER BY question_id`,
      { runId, iteration },
    )
    .map(({ share }) => share);
}

/** How many of the iteration's questions were dropped for each reason. */
export function dropReasons(db: Reader, runId: string, iteration: number): ReadonlyMap<string, number> {
  const rows = db.all<{ readonly reason: string; readonly count: number }>(
    `SELECT drop_reason AS reason, count(*) AS count FROM curriculum
     WHERE run_id = @runId AND iteration = @iteration AND drop_reason IS NOT NULL
     GROUP BY drop_reason ORDER BY count DESC, reason`,
    { runId, iteration },
  );
  return new Map(rows.map(({ reason, count }) => [reason, count]));
}
