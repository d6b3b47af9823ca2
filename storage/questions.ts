import { InternalError } from '../src/errors.js';
import type { Reader, Writer } from './connection.js';

/** One batch of questions: a step of the Challenger's training, or a part of the curriculum written for the Solver. */
export interface QuestionBatch {
  readonly runId: string;
  readonly iteration: number;
  readonly phase: QuestionPhase;
  /** The Challenger's step, or the number of the curriculum's batch. */
  readonly batch: number;
}
export type QuestionPhase = 'challenger' | 'curriculum';

/** One question as the Challenger wrote it; its place in the list is its position in the batch. */
export interface QuestionRecord {
  /** The question, or, where nothing could be parsed, all that was written. */
  readonly question: string;
  /** Why it is no question; null for a valid one. */
  readonly invalidReason: string | null;
  /** The Challenger's own answer, where it gave one. */
  readonly ownAnswer: string | null;
  /** Null where questions are not rewarded. */
  readonly challengerReward: number | null;
  /** Share of the batch in the question's own cluster, in [0, 1] before its weight; null where not measured. */
  readonly repetitionPenalty: number | null;
  readonly tokenCount: number;
  /** All that the Challenger wrote, without the token that ended it; null where `question` is that. */
  readonly completion: string | null;
}

export interface StoredQuestion extends Omit<QuestionRecord, 'completion'> {
  readonly id: number;
  readonly position: number;
}

/** Records a batch and returns the questions' ids, in order. Recording it again gives the same rows and ids;
 *  what was voted and answered stays with them. */
export function recordQuestions(
  db: Writer,
  batch: QuestionBatch,
  questions: readonly QuestionRecord[],
): readonly number[] {
  db.run(`DELETE FROM questions WHERE ${IN_BATCH} AND position >= @count`, { ...batch, count: questions.length });
  return questions.map((question, position) => {
    const valid = question.invalidReason === null;
    const row = db.get<{ readonly id: number }>(UPSERT, { ...batch, ...question, position, valid });
    if (row === undefined) throw new InternalError(`question ${position} of batch ${batch.batch} was not recorded`);
    return row.id;
  });
}

/** The questions of a batch by position; none when it was not written yet, so a resumed run knows what is done. */
export function questionsOfBatch(db: Reader, batch: QuestionBatch): readonly StoredQuestion[] {
  return db.all(
    `SELECT id, position, question, invalid_reason AS invalidReason, own_answer AS ownAnswer,
       challenger_reward AS challengerReward, repetition_penalty AS repetitionPenalty, token_count AS tokenCount
     FROM questions WHERE ${IN_BATCH} ORDER BY position`,
    batch,
  );
}

/** The batches that were recorded in this phase of the iteration, ascending. */
export function recordedBatches(db: Reader, phase: Omit<QuestionBatch, 'batch'>): readonly number[] {
  return db
    .all<{ readonly batch: number }>(
      `SELECT DISTINCT batch FROM questions
       WHERE run_id = @runId AND iteration = @iteration AND phase = @phase ORDER BY batch`,
      phase,
    )
    .map(({ batch }) => batch);
}

const IN_BATCH = 'run_id = @runId AND iteration = @iteration AND phase = @phase AND batch = @batch';

const UPSERT = `
  INSERT INTO questions (run_id, iteration, phase, batch, position, question, valid, invalid_reason, own_answer,
    challenger_reward, repetition_penalty, token_count, completion)
  VALUES (@runId, @iteration, @phase, @batch, @position, @question, @valid, @invalidReason, @ownAnswer,
    @challengerReward, @repetitionPenalty, @tokenCount, @completion)
  ON CONFLICT (run_id, iteration, phase, batch, position) DO UPDATE SET
    question = excluded.question, valid = excluded.valid, invalid_reason = excluded.invalid_reason,
    own_answer = excluded.own_answer, challenger_reward = excluded.challenger_reward,
    repetition_penalty = excluded.repetition_penalty, token_count = excluded.token_count,
    completion = excluded.completion
  RETURNING id`;
