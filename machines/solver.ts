import { assign, sendParent, sendTo, setup } from 'xstate';
import { toPlainError } from '../src/errors.js';
import type {
  AnswerCounts,
  AnswersGiven,
  BatchKey,
  Command,
  GroupCounts,
  Order,
  QuestionsWritten,
  RoleFact,
  StepKey,
  UpdateSummary,
} from './messages.js';
import { type BatchQueue, enqueue, head } from './queue.js';
import { missingWork, promiseActor, type Work } from './work.js';

/**
 * The Solver's chart: it answers every batch of questions that the Challenger writes, and trains when told to.
 *
 * - Messages and commands are only noted, in whatever state they come; the `always` of idle acts on them.
 * - Every batch is answered exactly once, in the order it came, and then handed to the Evaluator. One without a valid
 *   question goes the same way, so that the counts add up.
 * - A step (rolling out, updating) is not broken by a pause: its rollouts are still in memory.
 */

/** The work of the Solver; see {@link Work} for what it must keep to. */
export interface SolverWork {
  /** Answers each valid question of the batch m times. */
  readonly answer: Work<BatchKey, AnswerCounts>;
  /** Samples the groups of one training step from the iteration's kept questions. */
  readonly rollOut: Work<StepKey, GroupCounts>;
  /** Updates the policy from the rollouts of the step. Step 0 begins from the iteration's start. */
  readonly update: Work<StepKey, UpdateSummary>;
}

type SolverEvent = Extract<Order, { type: 'solver.train' }> | Command | QuestionsWritten;

interface SolverContext {
  readonly unanswered: BatchQueue;
  readonly training: boolean;
  readonly iteration: number;
  readonly totalCount: number;
  readonly doneCount: number;
  /** Steps done that left the weights as they were. */
  readonly skippedCount: number;
  readonly pauseRequested: boolean;
}

/** The Solver's chart without its work: for drawing. {@link provideSolver} adds the work. */
export const solverMachine = setup({
  types: {} as { context: SolverContext; events: SolverEvent },
  actors: {
    answer: missingWork<BatchKey, AnswerCounts>('solver', 'answer'),
    rollOut: missingWork<StepKey, GroupCounts>('solver', 'rollOut'),
    update: missingWork<StepKey, UpdateSummary>('solver', 'update'),
  },
  actions: {
    tellEvaluator: sendTo(
      ({ system }) => system.get('evaluator'),
      (_, message: AnswersGiven) => message,
    ),
    tellChallenger: sendTo(
      ({ system }) => system.get('challenger'),
      (_, message: AnswersGiven) => message,
    ),
    tellSupervisor: sendParent((_, fact: RoleFact) => fact),
    noteQuestions: assign(({ context }, batch: BatchKey) => ({ unanswered: enqueue(context.unanswered, batch) })),
    dropAnswered: assign(({ context }) => ({ unanswered: context.unanswered.slice(1) })),
    beginTraining: assign((_, order: { iteration: number; stepCount: number }) => ({
      training: true,
      iteration: order.iteration,
      totalCount: order.stepCount,
      doneCount: 0,
      skippedCount: 0,
    })),
    advance: assign(({ context }, { skipped }: UpdateSummary) => ({
      doneCount: context.doneCount + 1,
      skippedCount: context.skippedCount + (skipped ? 1 : 0),
    })),
    rest: assign({ training: false }),
    notePause: assign({ pauseRequested: true }),
    noteResume: assign({ pauseRequested: false }),
  },
  guards: {
    pauseRequested: ({ context }) => context.pauseRequested,
    resumed: ({ context }) => !context.pauseRequested,
    hasQuestions: ({ context }) => context.unanswered.length > 0,
    training: ({ context }) => context.training,
    allStepsDone: ({ context }) => context.training && context.doneCount === context.totalCount,
  },
}).createMachine({
  id: 'solver',
  context: {
    unanswered: [],
    training: false,
    iteration: 0,
    totalCount: 0,
    doneCount: 0,
    skippedCount: 0,
    pauseRequested: false,
  },
  on: {
    'questions.written': { actions: { type: 'noteQuestions', params: ({ event }) => event } },
    'solver.train': { actions: { type: 'beginTraining', params: ({ event }) => event } },
    'run.pause': { actions: 'notePause' },
    'run.resume': { actions: 'noteResume' },
  },
  initial: 'idle',
  states: {
    idle: {
      always: [
        { guard: 'allStepsDone', actions: [{ type: 'tellSupervisor', params: trained }, 'rest'] },
        { guard: 'pauseRequested', target: 'paused' },
        { guard: 'hasQuestions', target: 'answering' },
        { guard: 'training', target: 'rollingOut' },
      ],
    },
    answering: {
      invoke: {
        src: 'answer',
        input: ({ context }) => head(context.unanswered),
        onDone: {
          target: 'idle',
          actions: [
            { type: 'tellEvaluator', params: ({ context, event }) => answered(context, event.output) },
            { type: 'tellChallenger', params: ({ context, event }) => answered(context, event.output) },
            { type: 'tellSupervisor', params: ({ context, event }) => answered(context, event.output) },
            'dropAnswered',
          ],
        },
        onError: {
          target: 'failed',
          actions: { type: 'tellSupervisor', params: ({ event }) => failed('answer', event.error) },
        },
      },
    },
    rollingOut: {
      invoke: {
        src: 'rollOut',
        input: ({ context }) => ({ iteration: context.iteration, step: context.doneCount }),
        onDone: {
          target: 'updating',
          actions: { type: 'tellSupervisor', params: ({ context, event }) => rolledOut(context, event.output) },
        },
        onError: {
          target: 'failed',
          actions: { type: 'tellSupervisor', params: ({ event }) => failed('rollOut', event.error) },
        },
      },
    },
    updating: {
      invoke: {
        src: 'update',
        input: ({ context }) => ({ iteration: context.iteration, step: context.doneCount }),
        onDone: {
          target: 'idle',
          actions: [
            { type: 'tellSupervisor', params: ({ context, event }) => updated(context, event.output) },
            { type: 'advance', params: ({ event }) => event.output },
          ],
        },
        onError: {
          target: 'failed',
          actions: { type: 'tellSupervisor', params: ({ event }) => failed('update', event.error) },
        },
      },
    },
    paused: {
      entry: { type: 'tellSupervisor', params: { type: 'role.paused', role: 'solver' } },
      always: { guard: 'resumed', target: 'idle' },
    },
    failed: {},
  },
});

/** The Solver's chart with its work. */
export function provideSolver(work: SolverWork): typeof solverMachine {
  return solverMachine.provide({
    actors: {
      answer: promiseActor((input: BatchKey, signal) => work.answer(input, signal)),
      rollOut: promiseActor((input: StepKey, signal) => work.rollOut(input, signal)),
      update: promiseActor((input: StepKey, signal) => work.update(input, signal)),
    } satisfies Record<keyof SolverWork, unknown>,
  });
}

function answered(context: SolverContext, counts: AnswerCounts): AnswersGiven {
  return { type: 'answers.given', ...head(context.unanswered), ...counts };
}

function rolledOut(context: SolverContext, counts: GroupCounts): RoleFact {
  return { type: 'solver.rolledOut', iteration: context.iteration, step: context.doneCount, ...counts };
}

function updated(context: SolverContext, summary: UpdateSummary): RoleFact {
  return { type: 'solver.updated', iteration: context.iteration, step: context.doneCount, ...summary };
}

function trained({ context }: { context: SolverContext }): RoleFact {
  const { iteration, doneCount, skippedCount } = context;
  return { type: 'solver.trained', iteration, stepCount: doneCount, skippedCount };
}

function failed(work: keyof SolverWork, error: unknown): RoleFact {
  return { type: 'role.failed', role: 'solver', work, error: toPlainError(error) };
}
