import { commit, type Writer } from '../../../storage/connection.js';

/** Writes so many questions of a run's first iteration with their votes, of which every third is kept: SQLite makes them up,
 *  in a second where a hundred thousand are written. */
export function writeManyQuestions(db: Writer, runId: string, count: number): void {
  commit(db, () => {
    db.run(
      `INSERT INTO questions (run_id, iteration, phase, batch, position, question, valid, token_count)
       WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < @count)
       SELECT @runId, CAST(1 + n * 3 / @count AS INTEGER), 'curriculum', n / 256, n, 'What is ' || n || ' plus ' || (n * 7 % 1000) || '?', 1, 12
       FROM numbers`,
      { runId, count },
    );
    db.run(
      `INSERT INTO votes (question_id, vote_count, vote_share, pseudo_label, groups, kept, drop_reason, oracle_answer, label_correct)
       SELECT id, 20, (id % 21) / 20.0, CAST(id AS TEXT), '[]', id % 3 = 0, CASE WHEN id % 3 = 0 THEN NULL ELSE 'too_hard' END, CAST(id AS TEXT), id % 7 > 0
       FROM questions WHERE run_id = @runId`,
      { runId },
    );
  });
}
