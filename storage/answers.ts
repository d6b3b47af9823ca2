import type { Reader, Writer } from './connection.js';

/** One sampled answer of the Solver; its place in the list is its sample index. */
export interface AnswerRecord {
  readonly text: string;
  /** What was extracted from the text; null where nothing could be. */
  readonly answer: string | null;
  /** Its place among the vote's groups; null for an answer without content. */
  readonly voteGroup: number | null;
  readonly tokenCount: number;
  /** Natural log-probability of the whole answer under what sampled it; null where a server sampled it and gave none. */
  readonly logprobSum: number | null;
  /** False when the token limit cut it. */
  readonly finished: boolean;
  /** Whether it is in the vote's largest group. */
  readonly agrees: boolean;
}

/** One answer as it is kept. */
export interface StoredAnswer extends Omit<AnswerRecord, 'finished' | 'agrees'> {
  readonly sampleIndex: number;
  readonly finished: 0 | 1;
  readonly agrees: 0 | 1;
}

/** Records all answers to a question, in place of those recorded before. */
export function recordAnswers(db: Writer, questionId: number, answers: readonly AnswerRecord[]): void {
  db.run('DELETE FROM answers WHERE question_id = @questionId', { questionId });
  for (const [sampleIndex, answer] of answers.entries()) db.run(INSERT, { ...answer, questionId, sampleIndex });
}

/** The answers to a question, by sample index. */
export function answersOf(db: Reader, questionId: number): readonly StoredAnswer[] {
  return db.all(
    `SELECT sample_index AS sampleIndex, text, answer, vote_group AS voteGroup, token_count AS tokenCount,
       logprob_sum AS logprobSum, finished, agrees
     FROM answers WHERE question_id = @questionId ORDER BY sample_index`,
    { questionId },
  );
}

/** How long the answers to an iteration's curriculum were, in tokens, and the share of them that the token limit cut; null
 *  where there are none. */
export function answerLengths(
  db: Reader,
  runId: string,
  iteration: number,
): { readonly meanTokens: number | null; readonly cutShare: number | null } {
  const lengths = db.get<{ readonly meanTokens: number | null; readonly cutShare: number | null }>(
    `SELECT avg(a.token_count) AS meanTokens, avg(1 - a.finished) AS cutShare
     FROM questions q JOIN answers a ON a.question_id = q.id
     WHERE q.run_id = @runId AND q.iteration = @iteration AND q.phase = 'curriculum'`,
    { runId, iteration },
  );
  return lengths ?? { meanTokens: null, cutShare: null };
}

const INSERT = `
  INSERT INTO answers (question_id, sample_index, text, answer, vote_group, token_count, logprob_sum, finished, agrees)
  VALUES (@questionId, @sampleIndex, @text, @answer, @voteGroup, @tokenCount, @logprobSum, @finished, @agrees)`;
