import type { PlainError } from '../src/errors.js';

/**
 * Every event between the actors. They carry ids and counts; questions, answers, tokens and weights stay with the
 * work that made them, so a chart's context is small and survives JSON.
 *
 * - An order goes down, from the supervisor to a role: `solver.train`.
 * - A fact goes from the role that made it to whoever waits for it, and always to the supervisor: `solver.trained`.
 * - All messages of a transition are delivered before the next piece of work ends, so a persisted snapshot never has
 *   one on its way.
 */

export type Role = 'challenger' | 'solver' | 'evaluator';

/** What a batch of questions is for: the Challenger's reward, or the Solver's curriculum. */
export type Purpose = 'challenger' | 'curriculum';

/** Names one iteration; 0 is the base model. */
export interface IterationKey {
  readonly iteration: number;
}

/** Names one training step of one role; `step` counts from 0. */
export interface StepKey extends IterationKey {
  readonly step: number;
}

/** Names one batch of questions: a step of the Challenger's training or a batch of the curriculum, from 0. */
export interface BatchKey extends IterationKey {
  readonly purpose: Purpose;
  readonly index: number;
}

export interface QuestionCounts {
  readonly questionCount: number;
  /** Those that could be parsed; only they are answered. */
  readonly validCount: number;
}

export interface AnswerCounts {
  readonly answerCount: number;
}

export interface VoteCounts {
  readonly votedCount: number;
  /** Questions that the frontier band and the removal of duplicates left over. */
  readonly keptCount: number;
}

export interface GroupCounts {
  readonly questionCount: number;
  /** Groups whose rewards are all equal: they teach nothing. */
  readonly zeroVarianceCount: number;
}

/** What one policy update did. */
export interface UpdateSummary {
  readonly rewardMean: number;
  readonly loss: number;
  readonly kl: number;
  /** True when every group had zero variance, so the weights did not change (loss and KL are 0 then). */
  readonly skipped: boolean;
}

/** Averages over the benchmarks of a domain, 0 to 100; null where none was run. */
export interface Scores {
  readonly math: number | null;
  readonly general: number | null;
}

export type Order =
  | ({ readonly type: 'challenger.train'; readonly stepCount: number } & IterationKey)
  | ({ readonly type: 'challenger.write'; readonly batchCount: number } & IterationKey)
  | ({ readonly type: 'solver.train'; readonly stepCount: number } & IterationKey)
  | ({ readonly type: 'evaluator.evaluate' } & IterationKey);

/** Commands of the person at the keyboard. The supervisor passes them on to the roles. */
export type Command = { readonly type: 'run.pause' } | { readonly type: 'run.resume' };

export type QuestionsWritten = { readonly type: 'questions.written' } & BatchKey & QuestionCounts;
export type AnswersGiven = { readonly type: 'answers.given' } & BatchKey & AnswerCounts;
export type VotesCounted = { readonly type: 'votes.counted' } & BatchKey & VoteCounts;

/** A piece of work was rejected; `work` is its name in the role's Work interface, or `chart`. */
export interface RoleFailed {
  readonly type: 'role.failed';
  readonly role: Role;
  readonly work: string;
  readonly error: PlainError;
}

/** What the roles tell the supervisor. */
export type RoleFact =
  | QuestionsWritten
  | AnswersGiven
  | VotesCounted
  | ({ readonly type: 'challenger.updated' } & StepKey & UpdateSummary)
  | ({ readonly type: 'challenger.trained'; readonly stepCount: number } & IterationKey)
  | ({ readonly type: 'solver.rolledOut' } & StepKey & GroupCounts)
  | ({ readonly type: 'solver.updated' } & StepKey & UpdateSummary)
  | ({ readonly type: 'solver.trained'; readonly stepCount: number; readonly skippedCount: number } & IterationKey)
  | ({ readonly type: 'solver.evaluated' } & IterationKey & Scores)
  | { readonly type: 'role.paused'; readonly role: Role }
  | RoleFailed;

/** What the supervisor adds of its own. */
export type SupervisorFact =
  | ({ readonly type: 'iteration.started' | 'iteration.closed' } & IterationKey)
  | ({ readonly type: 'curriculum.written' } & IterationKey & QuestionCounts & Pick<VoteCounts, 'keptCount'>)
  | { readonly type: 'run.paused' | 'run.resumed' }
  | ({ readonly type: 'run.ended' } & { readonly outcome: RunOutcome });

/** Everything that `actor.on('*', …)` on the supervisor hears. */
export type Fact = RoleFact | SupervisorFact;

export type NothingLeftReason = 'no_valid_questions' | 'nothing_kept' | 'no_signal';

/** How a run ended; the output of the supervisor. */
export type RunOutcome =
  | ({ readonly kind: 'done' } & IterationKey)
  | ({ readonly kind: 'nothingLeft'; readonly reason: NothingLeftReason } & IterationKey)
  | ({ readonly kind: 'failed'; readonly role: Role | 'supervisor'; readonly work: string } & IterationKey & {
        readonly error: PlainError;
      });
