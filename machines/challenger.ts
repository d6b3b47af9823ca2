import { assign, sendParent, sendTo, setup } from 'xstate';
import { toPlainError } from '../src/errors.js';
import type {
  AnswersGiven,
  BatchKey,
  Command,
  IterationKey,
  Order,
  Purpose,
  QuestionCounts,
  QuestionsWritten,
  RoleFact,
  StepKey,
  UpdateSummary,
  VotesCounted,
} from './messages.js';
import { missingWork, promiseActor, type Work } from './work.js';

/**
 * The Challenger's chart: trained on questions that the Solver is unsure of, then writing the curriculum.
 *
 * - Messages and commands are only noted, in whatever state they come; the `always` of a resting state acts on them.
 * - It rests in idle, awaitingVotes and awaitingSolver. Only from there does it pause, and history brings it back.
 * - The curriculum is a pipeline: writing goes on while the Solver answers, at most WRITE_AHEAD_BATCHES ahead.
 */

/** Batches that may be written and not yet answered, the one being written included: one on each side of a hand-over. */
export const WRITE_AHEAD_BATCHES = 2;

/** Names one batch of the curriculum; `batch` counts from 0. */
export interface WriteKey extends IterationKey {
  readonly batch: number;
}

/** The work of the Challenger; see {@link Work} for what it must keep to. */
export interface ChallengerWork {
  /** Writes the questions of one training step and keeps their rollouts. */
  readonly rollOut: Work<StepKey, QuestionCounts>;
  /** Rewards the questions of the step from their votes and updates the policy. Step 0 begins from the iteration's start. */
  readonly update: Work<StepKey, UpdateSummary>;
  /** Writes one batch of the Solver's curriculum. */
  readonly writeBatch: Work<WriteKey, QuestionCounts>;
}

type ChallengerEvent = Extract<Order, { type: `challenger.${string}` }> | Command | AnswersGiven | VotesCounted;

interface ChallengerContext {
  readonly task: 'none' | 'training' | 'writing';
  readonly iteration: number;
  /** Steps or batches that the order asked for, and those done. */
  readonly totalCount: number;
  readonly doneCount: number;
  /** The questions of the step under way have their votes. */
  readonly votesCounted: boolean;
  /** Batches of the curriculum that the Solver has answered. */
  readonly answeredCount: number;
  readonly pauseRequested: boolean;
}

/** The Challenger's chart without its work: for drawing. {@link provideChallenger} adds the work. */
export const challengerMachine = setup({
  types: {} as { context: ChallengerContext; events: ChallengerEvent },
  actors: {
    rollOut: missingWork<StepKey, QuestionCounts>('challenger', 'rollOut'),
    update: missingWork<StepKey, UpdateSummary>('challenger', 'update'),
    writeBatch: missingWork<WriteKey, QuestionCounts>('challenger', 'writeBatch'),
  },
  actions: {
    tellSolver: sendTo(
      ({ system }) => system.get('solver'),
      (_, message: QuestionsWritten) => message,
    ),
    tellSupervisor: sendParent((_, fact: RoleFact) => fact),
    beginTraining: assign((_, order: { iteration: number; stepCount: number }) => ({
      task: 'training' as const,
      iteration: order.iteration,
      totalCount: order.stepCount,
      doneCount: 0,
      votesCounted: false,
    })),
    beginWriting: assign((_, order: { iteration: number; batchCount: number }) => ({
      task: 'writing' as const,
      iteration: order.iteration,
      totalCount: order.batchCount,
      doneCount: 0,
      answeredCount: 0,
    })),
    noteAnswers: assign(({ context }, { purpose }: BatchKey) => ({
      answeredCount: context.answeredCount + (purpose === 'curriculum' ? 1 : 0),
    })),
    noteVotes: assign(({ context }, { purpose }: BatchKey) => ({
      votesCounted: context.votesCounted || purpose === 'challenger',
    })),
    advance: assign(({ context }) => ({ doneCount: context.doneCount + 1, votesCounted: false })),
    rest: assign({ task: 'none' }),
    notePause: assign({ pauseRequested: true }),
    noteResume: assign({ pauseRequested: false }),
  },
  guards: {
    pauseRequested: ({ context }) => context.pauseRequested,
    resumed: ({ context }) => !context.pauseRequested,
    training: ({ context }) => context.task === 'training',
    votesCounted: ({ context }) => context.votesCounted,
    allStepsDone: ({ context }) => context.task === 'training' && context.doneCount === context.totalCount,
    writing: ({ context }) => context.task === 'writing',
    allBatchesWritten: ({ context }) => context.task === 'writing' && context.doneCount === context.totalCount,
    mayWriteAhead: ({ context }) =>
      context.task === 'writing' && context.doneCount - context.answeredCount < WRITE_AHEAD_BATCHES,
  },
}).createMachine({
  id: 'challenger',
  context: {
    task: 'none',
    iteration: 0,
    totalCount: 0,
    doneCount: 0,
    votesCounted: false,
    answeredCount: 0,
    pauseRequested: false,
  },
  on: {
    'challenger.train': { actions: { type: 'beginTraining', params: ({ event }) => event } },
    'challenger.write': { actions: { type: 'beginWriting', params: ({ event }) => event } },
    'answers.given': { actions: { type: 'noteAnswers', params: ({ event }) => event } },
    'votes.counted': { actions: { type: 'noteVotes', params: ({ event }) => event } },
    'run.pause': { actions: 'notePause' },
    'run.resume': { actions: 'noteResume' },
  },
  initial: 'working',
  states: {
    working: {
      initial: 'idle',
      states: {
        idle: {
          always: [
            { guard: 'allStepsDone', actions: [{ type: 'tellSupervisor', params: trained }, 'rest'] },
            { guard: 'allBatchesWritten', actions: 'rest' },
            { guard: 'pauseRequested', target: '#challenger.paused' },
            { guard: 'training', target: 'rollingOut' },
            { guard: 'mayWriteAhead', target: 'writingQuestions' },
            { guard: 'writing', target: 'awaitingSolver' },
          ],
        },
        rollingOut: {
          invoke: {
            src: 'rollOut',
            input: ({ context }) => ({ iteration: context.iteration, step: context.doneCount }),
            onDone: {
              target: 'awaitingVotes',
              actions: [
                { type: 'tellSolver', params: ({ context, event }) => written('challenger', context, event.output) },
                {
                  type: 'tellSupervisor',
                  params: ({ context, event }) => written('challenger', context, event.output),
                },
              ],
            },
            onError: {
              target: '#challenger.failed',
              actions: { type: 'tellSupervisor', params: ({ event }) => failed('rollOut', event.error) },
            },
          },
        },
        awaitingVotes: {
          always: [
            { guard: 'pauseRequested', target: '#challenger.paused' },
            { guard: 'votesCounted', target: 'updating' },
          ],
        },
        updating: {
          invoke: {
            src: 'update',
            input: ({ context }) => ({ iteration: context.iteration, step: context.doneCount }),
            onDone: {
              target: 'idle',
              actions: [
                { type: 'tellSupervisor', params: ({ context, event }) => updated(context, event.output) },
                'advance',
              ],
            },
            onError: {
              target: '#challenger.failed',
              actions: { type: 'tellSupervisor', params: ({ event }) => failed('update', event.error) },
            },
          },
        },
        writingQuestions: {
          invoke: {
            src: 'writeBatch',
            input: ({ context }) => ({ iteration: context.iteration, batch: context.doneCount }),
            onDone: {
              target: 'idle',
              actions: [
                { type: 'tellSolver', params: ({ context, event }) => written('curriculum', context, event.output) },
                {
                  type: 'tellSupervisor',
                  params: ({ context, event }) => written('curriculum', context, event.output),
                },
                'advance',
              ],
            },
            onError: {
              target: '#challenger.failed',
              actions: { type: 'tellSupervisor', params: ({ event }) => failed('writeBatch', event.error) },
            },
          },
        },
        awaitingSolver: {
          always: [
            { guard: 'pauseRequested', target: '#challenger.paused' },
            { guard: 'mayWriteAhead', target: 'writingQuestions' },
          ],
        },
        resting: { type: 'history' },
      },
    },
    paused: {
      entry: { type: 'tellSupervisor', params: { type: 'role.paused', role: 'challenger' } },
      always: { guard: 'resumed', target: 'working.resting' },
    },
    failed: {},
  },
});

/** The Challenger's chart with its work. */
export function provideChallenger(work: ChallengerWork): typeof challengerMachine {
  return challengerMachine.provide({
    actors: {
      rollOut: promiseActor((input: StepKey, signal) => work.rollOut(input, signal)),
      update: promiseActor((input: StepKey, signal) => work.update(input, signal)),
      writeBatch: promiseActor((input: WriteKey, signal) => work.writeBatch(input, signal)),
    } satisfies Record<keyof ChallengerWork, unknown>,
  });
}

function written(purpose: Purpose, context: ChallengerContext, counts: QuestionCounts): QuestionsWritten {
  return { type: 'questions.written', iteration: context.iteration, purpose, index: context.doneCount, ...counts };
}

function updated(context: ChallengerContext, summary: UpdateSummary): RoleFact {
  return { type: 'challenger.updated', iteration: context.iteration, step: context.doneCount, ...summary };
}

function trained({ context }: { context: ChallengerContext }): RoleFact {
  return { type: 'challenger.trained', iteration: context.iteration, stepCount: context.doneCount };
}

function failed(work: keyof ChallengerWork, error: unknown): RoleFact {
  return { type: 'role.failed', role: 'challenger', work, error: toPlainError(error) };
}
