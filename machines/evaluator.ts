import { assign, sendParent, sendTo, setup } from 'xstate';
import { toPlainError } from '../src/errors.js';
import type {
  AnswersGiven,
  BatchKey,
  Command,
  IterationKey,
  Order,
  RoleFact,
  Scores,
  VoteCounts,
  VotesCounted,
} from './messages.js';
import { type BatchQueue, enqueue, head } from './queue.js';
import { missingWork, promiseActor, type Work } from './work.js';

/**
 * The Evaluator's chart: it counts the votes of every batch that the Solver answers, and scores a policy when told to.
 *
 * - Messages and commands are only noted, in whatever state they come; the `always` of idle acts on them.
 * - Every batch is counted exactly once, in the order it came.
 */

/** The work of the Evaluator; see {@link Work} for what it must keep to. */
export interface EvaluatorWork {
  /** Finds each question's pseudo-label and vote share; for the curriculum, which questions are kept. */
  readonly vote: Work<BatchKey, VoteCounts>;
  /** Runs the benchmarks on the Solver as it stands at the end of the iteration; 0 is the base. */
  readonly evaluate: Work<IterationKey, Scores>;
}

type EvaluatorEvent = Extract<Order, { type: 'evaluator.evaluate' }> | Command | AnswersGiven;

interface EvaluatorContext {
  readonly uncounted: BatchQueue;
  readonly evaluationRequested: boolean;
  /** The iteration to evaluate. */
  readonly iteration: number;
  readonly pauseRequested: boolean;
}

/** The Evaluator's chart without its work: for drawing. {@link provideEvaluator} adds the work. */
export const evaluatorMachine = setup({
  types: {} as { context: EvaluatorContext; events: EvaluatorEvent },
  actors: {
    vote: missingWork<BatchKey, VoteCounts>('evaluator', 'vote'),
    evaluate: missingWork<IterationKey, Scores>('evaluator', 'evaluate'),
  },
  actions: {
    tellChallenger: sendTo(
      ({ system }) => system.get('challenger'),
      (_, message: VotesCounted) => message,
    ),
    tellSupervisor: sendParent((_, fact: RoleFact) => fact),
    noteAnswers: assign(({ context }, batch: BatchKey) => ({ uncounted: enqueue(context.uncounted, batch) })),
    dropCounted: assign(({ context }) => ({ uncounted: context.uncounted.slice(1) })),
    requestEvaluation: assign((_, { iteration }: IterationKey) => ({ evaluationRequested: true, iteration })),
    rest: assign({ evaluationRequested: false }),
    notePause: assign({ pauseRequested: true }),
    noteResume: assign({ pauseRequested: false }),
  },
  guards: {
    pauseRequested: ({ context }) => context.pauseRequested,
    resumed: ({ context }) => !context.pauseRequested,
    hasAnswers: ({ context }) => context.uncounted.length > 0,
    evaluationRequested: ({ context }) => context.evaluationRequested,
  },
}).createMachine({
  id: 'evaluator',
  context: { uncounted: [], evaluationRequested: false, iteration: 0, pauseRequested: false },
  on: {
    'answers.given': { actions: { type: 'noteAnswers', params: ({ event }) => event } },
    'evaluator.evaluate': { actions: { type: 'requestEvaluation', params: ({ event }) => event } },
    'run.pause': { actions: 'notePause' },
    'run.resume': { actions: 'noteResume' },
  },
  initial: 'idle',
  states: {
    idle: {
      always: [
        { guard: 'pauseRequested', target: 'paused' },
        { guard: 'hasAnswers', target: 'voting' },
        { guard: 'evaluationRequested', target: 'evaluating' },
      ],
    },
    voting: {
      invoke: {
        src: 'vote',
        input: ({ context }) => head(context.uncounted),
        onDone: {
          target: 'idle',
          actions: [
            { type: 'tellChallenger', params: ({ context, event }) => counted(context, event.output) },
            { type: 'tellSupervisor', params: ({ context, event }) => counted(context, event.output) },
            'dropCounted',
          ],
        },
        onError: {
          target: 'failed',
          actions: { type: 'tellSupervisor', params: ({ event }) => failed('vote', event.error) },
        },
      },
    },
    evaluating: {
      invoke: {
        src: 'evaluate',
        input: ({ context }) => ({ iteration: context.iteration }),
        onDone: {
          target: 'idle',
          actions: [
            { type: 'tellSupervisor', params: ({ context, event }) => evaluated(context, event.output) },
            'rest',
          ],
        },
        onError: {
          target: 'failed',
          actions: { type: 'tellSupervisor', params: ({ event }) => failed('evaluate', event.error) },
        },
      },
    },
    paused: {
      entry: { type: 'tellSupervisor', params: { type: 'role.paused', role: 'evaluator' } },
      always: { guard: 'resumed', target: 'idle' },
    },
    failed: {},
  },
});

/** The Evaluator's chart with its work. */
export function provideEvaluator(work: EvaluatorWork): typeof evaluatorMachine {
  return evaluatorMachine.provide({
    actors: {
      vote: promiseActor((input: BatchKey, signal) => work.vote(input, signal)),
      evaluate: promiseActor((input: IterationKey, signal) => work.evaluate(input, signal)),
    } satisfies Record<keyof EvaluatorWork, unknown>,
  });
}

function counted(context: EvaluatorContext, counts: VoteCounts): VotesCounted {
  return { type: 'votes.counted', ...head(context.uncounted), ...counts };
}

function evaluated(context: EvaluatorContext, scores: Scores): RoleFact {
  return { type: 'solver.evaluated', iteration: context.iteration, ...scores };
}

function failed(work: keyof EvaluatorWork, error: unknown): RoleFact {
  return { type: 'role.failed', role: 'evaluator', work, error: toPlainError(error) };
}
