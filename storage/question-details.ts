import type { Reader } from './connection.js';
import { solverGroupsOf } from './solver-groups.js';
import type { Role } from './steps.js';
import type { CurriculumAnswerRow } from './views.js';
import type { VoteGroup } from './votes.js';

/** One question and all that became of it. Names and values are the database's, as in the views. */
export interface QuestionDetails {
  readonly question_id: number;
  readonly run_id: string;
  readonly iteration: number;
  /** `challenger`: written while the Challenger trained, its step is `batch`; `curriculum`: written for the Solver. */
  readonly phase: 'challenger' | 'curriculum';
  readonly batch: number;
  readonly position: number;
  /** The question, or, where nothing could be parsed, all that was written. */
  readonly question: string;
  readonly invalid_reason: string | null;
  /** All that the Challenger wrote; null where `question` is that, and for questions of before version 6 of the database. */
  readonly completion: string | null;
  readonly own_answer: string | null;
  readonly tokens: number;
  /** Null for the curriculum's: the Challenger is paid while it trains only. */
  readonly challenger_reward: number | null;
  readonly repetition_penalty: number | null;
  /** Null before the vote, and for an invalid question. */
  readonly vote: QuestionVote | null;
  /** The Solver's answers in the vote. Those to the Challenger's training questions are not kept, only their groups. */
  readonly answers: readonly QuestionAnswer[];
  /** The training steps that learned from it, in order: the Challenger's for a question of its training, else the Solver's. None
   *  of the Solver's are known for runs of before version 6 of the database. */
  readonly lessons: readonly QuestionLesson[];
}

export interface QuestionVote {
  readonly vote_count: number;
  readonly vote_share: number | null;
  readonly pseudo_label: string | null;
  readonly groups: readonly VoteGroup[];
  /** Null for the Challenger's questions, which are not filtered. */
  readonly kept: 0 | 1 | null;
  readonly drop_reason: string | null;
  readonly oracle_answer: string | null;
  readonly label_correct: 0 | 1 | null;
}

export type QuestionAnswer = Omit<CurriculumAnswerRow, 'run_id' | 'iteration' | 'question_id'>;

/** One training step, of the question's iteration, that learned from it. */
export interface QuestionLesson {
  readonly role: Role;
  readonly step: number;
  /** Of each rollout of the Solver's group; of the Challenger the question's own reward alone. */
  readonly rewards: readonly number[];
  /** 0 where all rewards of the group are equal, so that it taught nothing. */
  readonly teaches: 0 | 1;
}

/** All that is known of one question; undefined where there is none of this id. */
export function questionDetails(db: Reader, questionId: number): QuestionDetails | undefined {
  const found = db.get<Omit<QuestionDetails, 'vote' | 'answers' | 'lessons'>>(
    `SELECT id AS question_id, run_id, iteration, phase, batch, position, question, invalid_reason, completion, own_answer,
       token_count AS tokens, challenger_reward, repetition_penalty
     FROM questions WHERE id = @questionId`,
    { questionId },
  );
  if (found === undefined) return undefined;
  const lessons = found.phase === 'challenger' ? challengerLessons(db, questionId) : solverLessons(db, questionId);
  return { ...found, vote: voteOn(db, questionId), answers: answersTo(db, questionId), lessons };
}

function voteOn(db: Reader, questionId: number): QuestionVote | null {
  const row = db.get<Omit<QuestionVote, 'groups'> & { readonly groups: string }>(
    `SELECT vote_count, vote_share, pseudo_label, groups, kept, drop_reason, oracle_answer, label_correct
     FROM votes WHERE question_id = @questionId`,
    { questionId },
  );
  return row === undefined ? null : { ...row, groups: JSON.parse(row.groups) as VoteGroup[] };
}

function answersTo(db: Reader, questionId: number): readonly QuestionAnswer[] {
  return db.all(
    `SELECT sample_index AS sample, text, answer, vote_group, agrees, token_count AS tokens, logprob_sum AS logprob, finished
     FROM answers WHERE question_id = @questionId ORDER BY sample_index`,
    { questionId },
  );
}

/** The step that has the number of the question's batch; none while it is under way. */
function challengerLessons(db: Reader, questionId: number): readonly QuestionLesson[] {
  return db
    .all<{ readonly step: number; readonly reward: number; readonly teaches: 0 | 1 }>(
      `SELECT s.step, q.challenger_reward AS reward, s.loss IS NOT NULL AS teaches
       FROM questions q JOIN steps s ON s.run_id = q.run_id AND s.iteration = q.iteration AND s.step = q.batch
       WHERE q.id = @questionId AND s.role = 'challenger'`,
      { questionId },
    )
    .map(({ step, reward, teaches }) => ({ role: 'challenger', step, rewards: [reward], teaches }));
}

function solverLessons(db: Reader, questionId: number): readonly QuestionLesson[] {
  return solverGroupsOf(db, questionId).map(({ step, rewards, teaches }) => ({
    role: 'solver',
    step,
    rewards: JSON.parse(rewards) as number[],
    teaches,
  }));
}
