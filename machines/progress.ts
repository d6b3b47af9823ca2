import { InternalError, type PlainError } from '../src/errors.js';
import type { BatchKey, Fact, NothingLeftReason, QuestionCounts, Role, RunOutcome, VoteCounts } from './messages.js';

/** The size of a run. Trusted: iterations, batches and Solver steps are at least 1, and startIteration ≤ iterations. */
export interface RunPlan {
  readonly runId: string;
  /** The last iteration. */
  readonly iterations: number;
  /** The first iteration to do. At 1 the base is evaluated before it; later ones continue a run whose base was. */
  readonly startIteration: number;
  /** 0 leaves the Challenger untrained. */
  readonly challengerSteps: number;
  readonly curriculumBatches: number;
  readonly solverSteps: number;
}

/** What the supervisor was told of the iteration under way. */
interface IterationProgress {
  readonly challengerTrained: boolean;
  /** Of the curriculum only, as the next three. */
  readonly questionCount: number;
  readonly validCount: number;
  readonly keptCount: number;
  readonly votedBatchCount: number;
  readonly solverTrained: boolean;
  /** Solver steps that left the weights as they were. */
  readonly skippedStepCount: number;
  readonly evaluated: boolean;
}

/** What the supervisor knows of a run. */
export interface RunProgress extends RunPlan, IterationProgress {
  /** The iteration under way; 0 while the base is evaluated. */
  readonly iteration: number;
  /** Roles that have reached their boundary since the pause was asked for. */
  readonly pausedRoleCount: number;
  readonly outcome: RunOutcome | null;
}

const NOTHING_YET: IterationProgress = {
  challengerTrained: false,
  questionCount: 0,
  validCount: 0,
  keptCount: 0,
  votedBatchCount: 0,
  solverTrained: false,
  skippedStepCount: 0,
  evaluated: false,
};

/** The progress of a run before anything was done. */
export function beforeRun(plan: RunPlan): RunProgress {
  return { ...plan, ...NOTHING_YET, iteration: plan.startIteration - 1, pausedRoleCount: 0, outcome: null };
}

/** What changes when the next iteration begins. */
export function nextIteration(run: RunProgress): IterationProgress & Pick<RunProgress, 'iteration'> {
  return { ...NOTHING_YET, iteration: run.iteration + 1 };
}

/** The counts with a batch of questions added, if it belongs to the curriculum. */
export function withQuestions(run: RunProgress, batch: BatchKey & QuestionCounts): Partial<IterationProgress> {
  if (batch.purpose !== 'curriculum') return {};
  return { questionCount: run.questionCount + batch.questionCount, validCount: run.validCount + batch.validCount };
}

/** The counts with the votes on a batch added, if it belongs to the curriculum. */
export function withVotes(run: RunProgress, batch: BatchKey & VoteCounts): Partial<IterationProgress> {
  if (batch.purpose !== 'curriculum') return {};
  return { votedBatchCount: run.votedBatchCount + 1, keptCount: run.keptCount + batch.keptCount };
}

/** Every batch of the curriculum was written, answered and voted on. */
export function isCurriculumWritten(run: RunProgress): boolean {
  return run.votedBatchCount === run.curriculumBatches;
}

/** The curriculum in numbers, as a fact. */
export function curriculumWritten({ iteration, questionCount, validCount, keptCount }: RunProgress): Fact {
  return { type: 'curriculum.written', iteration, questionCount, validCount, keptCount };
}

export function nothingLeft({ iteration }: RunProgress, reason: NothingLeftReason): RunOutcome {
  return { kind: 'nothingLeft', reason, iteration };
}

export function failure(run: RunProgress, role: Role | 'supervisor', work: string, error: PlainError): RunOutcome {
  return { kind: 'failed', role, work, iteration: run.iteration, error };
}

/** How the run ended.
 *  @throws InternalError before it ended. */
export function outcomeOf({ outcome }: RunProgress): RunOutcome {
  if (outcome === null) throw new InternalError('the supervisor ended without an outcome');
  return outcome;
}
