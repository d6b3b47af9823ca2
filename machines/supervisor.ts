import { and, assign, emit, enqueueActions, not, sendTo, setup, stateIn } from 'xstate';
import { toPlainError } from '../src/errors.js';
import { type ChallengerWork, challengerMachine, provideChallenger } from './challenger.js';
import { type EvaluatorWork, evaluatorMachine, provideEvaluator } from './evaluator.js';
import type {
  BatchKey,
  Command,
  Fact,
  IterationKey,
  Order,
  QuestionCounts,
  Role,
  RoleFact,
  RunOutcome,
  VoteCounts,
} from './messages.js';
import {
  beforeRun,
  curriculumWritten,
  failure,
  isCurriculumWritten,
  nextIteration,
  nothingLeft,
  outcomeOf,
  type RunPlan,
  type RunProgress,
  withQuestions,
  withVotes,
} from './progress.js';
import { provideSolver, type SolverWork, solverMachine } from './solver.js';
import { missingWork, promiseActor, type Work } from './work.js';

/**
 * The chart of the whole: evaluate the base, then (train the Challenger → write, answer and vote on the curriculum →
 * train the Solver → evaluate → close the iteration) until done.
 *
 * - The three roles are invoked for the supervisor's whole life under fixed ids. They talk to each other directly and
 *   tell the supervisor every fact; it emits each of them, so `actor.on('*', …)` hears all that happens.
 * - Facts are only noted; the `always` of a phase acts on what was noted.
 * - A snapshot may be persisted whenever no message is on its way: after the microtasks have settled, never from within
 *   a listener. Work may be in flight; it is called again after a restore. Two snapshots lead nowhere: one taken after
 *   `stop()` stays stopped, one taken in `failed` stays failed. So a run that is to go on keeps the last one before.
 * - Pausing ends in `paused` when each role has reached its boundary. A snapshot taken then waits for `run.resume`.
 */

/** The shape of persisted snapshots: raised whenever an older snapshot would not continue under these charts. */
export const SNAPSHOT_VERSION = '1';

/** The supervisor's own work; see {@link Work} for what it must keep to. */
export interface SupervisorWork {
  /** Makes the iteration final: checkpoints of both policies, the iteration's row. */
  readonly closeIteration: Work<IterationKey, void>;
}

/** The work of all actors: what a run does, apart from when. */
export interface RunWork {
  readonly challenger: ChallengerWork;
  readonly solver: SolverWork;
  readonly evaluator: EvaluatorWork;
  readonly supervisor: SupervisorWork;
}

const ROLES = ['challenger', 'solver', 'evaluator'] as const satisfies readonly Role[];

const ROLE_OF_ORDER = {
  'challenger.train': 'challenger',
  'challenger.write': 'challenger',
  'solver.train': 'solver',
  'evaluator.evaluate': 'evaluator',
} as const satisfies Record<Order['type'], Role>;

const chart = setup({
  types: {} as {
    context: RunProgress;
    events: RoleFact | Command;
    input: RunPlan;
    output: RunOutcome;
    emitted: Fact;
  },
  actors: {
    challenger: challengerMachine,
    solver: solverMachine,
    evaluator: evaluatorMachine,
    closeIteration: missingWork<IterationKey, void>('supervisor', 'closeIteration'),
  },
  actions: {
    report: emit((_, fact: Fact) => fact),
    order: sendTo(
      (_, order: Order) => ROLE_OF_ORDER[order.type],
      (_, order: Order) => order,
    ),
    tellRoles: enqueueActions(({ enqueue }, command: Command) => {
      for (const role of ROLES) enqueue.sendTo(role, command);
    }),
    beginIteration: assign(({ context }) => nextIteration(context)),
    noteQuestions: assign(({ context }, batch: BatchKey & QuestionCounts) => withQuestions(context, batch)),
    noteVotes: assign(({ context }, batch: BatchKey & VoteCounts) => withVotes(context, batch)),
    noteChallengerTrained: assign({ challengerTrained: true }),
    noteSolverTrained: assign((_, { skippedCount }: { skippedCount: number }) => ({
      solverTrained: true,
      skippedStepCount: skippedCount,
    })),
    noteEvaluated: assign({ evaluated: true }),
    notePaused: assign(({ context }) => ({ pausedRoleCount: context.pausedRoleCount + 1 })),
    forgetPaused: assign({ pausedRoleCount: 0 }),
    end: assign((_, outcome: RunOutcome) => ({ outcome })),
  },
  guards: {
    baseWasEvaluated: ({ context }) => context.iteration > 0,
    challengerIsTrained: ({ context }) => context.challengerSteps > 0,
    challengerTrained: ({ context }) => context.challengerTrained,
    noValidQuestions: ({ context }) => isCurriculumWritten(context) && context.validCount === 0,
    nothingKept: ({ context }) => isCurriculumWritten(context) && context.keptCount === 0,
    curriculumWritten: ({ context }) => isCurriculumWritten(context),
    noSignal: ({ context }) => context.solverTrained && context.skippedStepCount === context.solverSteps,
    solverTrained: ({ context }) => context.solverTrained,
    evaluated: ({ context }) => context.evaluated,
    mayClose: and([({ context }) => context.evaluated, stateIn({ running: { pace: 'going' } })]),
    lastIteration: ({ context }) => context.iteration >= context.iterations,
    allAtRest: and([
      ({ context }) => context.pausedRoleCount === ROLES.length,
      not(stateIn({ running: { phase: 'closingIteration' } })),
    ]),
  },
});

/** What the run is doing. */
const phase = chart.createStateConfig({
  initial: 'starting',
  states: {
    starting: {
      always: [{ guard: 'baseWasEvaluated', target: 'startingIteration' }, { target: 'evaluatingBase' }],
    },
    evaluatingBase: {
      entry: { type: 'order', params: { type: 'evaluator.evaluate', iteration: 0 } },
      always: { guard: 'evaluated', target: 'startingIteration' },
    },
    startingIteration: {
      entry: [
        'beginIteration',
        { type: 'report', params: ({ context }) => ({ type: 'iteration.started', iteration: context.iteration }) },
      ],
      always: [{ guard: 'challengerIsTrained', target: 'trainingChallenger' }, { target: 'writingCurriculum' }],
    },
    trainingChallenger: {
      entry: {
        type: 'order',
        params: ({ context: { iteration, challengerSteps } }) => ({
          type: 'challenger.train',
          iteration,
          stepCount: challengerSteps,
        }),
      },
      always: { guard: 'challengerTrained', target: 'writingCurriculum' },
    },
    writingCurriculum: {
      entry: {
        type: 'order',
        params: ({ context: { iteration, curriculumBatches } }) => ({
          type: 'challenger.write',
          iteration,
          batchCount: curriculumBatches,
        }),
      },
      always: [
        {
          guard: 'noValidQuestions',
          target: '#supervisor.nothingLeft',
          actions: { type: 'end', params: ({ context }) => nothingLeft(context, 'no_valid_questions') },
        },
        {
          guard: 'nothingKept',
          target: '#supervisor.nothingLeft',
          actions: { type: 'end', params: ({ context }) => nothingLeft(context, 'nothing_kept') },
        },
        {
          guard: 'curriculumWritten',
          target: 'trainingSolver',
          actions: { type: 'report', params: ({ context }) => curriculumWritten(context) },
        },
      ],
    },
    trainingSolver: {
      entry: {
        type: 'order',
        params: ({ context: { iteration, solverSteps } }) => ({
          type: 'solver.train',
          iteration,
          stepCount: solverSteps,
        }),
      },
      always: [
        {
          guard: 'noSignal',
          target: '#supervisor.nothingLeft',
          actions: { type: 'end', params: ({ context }) => nothingLeft(context, 'no_signal') },
        },
        { guard: 'solverTrained', target: 'evaluating' },
      ],
    },
    evaluating: {
      entry: {
        type: 'order',
        params: ({ context }) => ({ type: 'evaluator.evaluate', iteration: context.iteration }),
      },
      always: { guard: 'mayClose', target: 'closingIteration' },
    },
    closingIteration: {
      invoke: {
        src: 'closeIteration',
        input: ({ context }) => ({ iteration: context.iteration }),
        onDone: [
          {
            guard: 'lastIteration',
            target: '#supervisor.done',
            actions: [
              { type: 'report', params: iterationClosed },
              { type: 'end', params: ({ context }) => ({ kind: 'done', iteration: context.iteration }) },
            ],
          },
          { target: 'startingIteration', actions: { type: 'report', params: iterationClosed } },
        ],
        onError: {
          target: '#supervisor.failed',
          actions: {
            type: 'end',
            params: ({ context, event }) => failure(context, 'supervisor', 'closeIteration', toPlainError(event.error)),
          },
        },
      },
    },
  },
});

/** Whether the roles may begin new work. */
const pace = chart.createStateConfig({
  initial: 'going',
  states: {
    going: { on: { 'run.pause': { target: 'pausing' } } },
    resuming: {
      entry: [
        'forgetPaused',
        { type: 'tellRoles', params: { type: 'run.resume' } },
        { type: 'report', params: { type: 'run.resumed' } },
      ],
      always: { target: 'going' },
    },
    pausing: {
      entry: { type: 'tellRoles', params: { type: 'run.pause' } },
      on: { 'run.resume': { target: 'resuming' } },
      always: { guard: 'allAtRest', target: 'paused' },
    },
    paused: {
      entry: { type: 'report', params: { type: 'run.paused' } },
      on: { 'run.resume': { target: 'resuming' } },
    },
  },
});

/** The whole chart without its work: for drawing. {@link createSupervisor} adds the work. */
export const supervisorMachine = chart.createMachine({
  id: 'supervisor',
  context: ({ input }) => beforeRun(input),
  output: ({ context }) => outcomeOf(context),
  invoke: [
    { src: 'challenger', id: 'challenger', systemId: 'challenger', onError: chartFailed('challenger') },
    { src: 'solver', id: 'solver', systemId: 'solver', onError: chartFailed('solver') },
    { src: 'evaluator', id: 'evaluator', systemId: 'evaluator', onError: chartFailed('evaluator') },
  ],
  on: {
    'questions.written': {
      actions: [
        { type: 'noteQuestions', params: told },
        { type: 'report', params: told },
      ],
    },
    'answers.given': { actions: { type: 'report', params: told } },
    'votes.counted': {
      actions: [
        { type: 'noteVotes', params: told },
        { type: 'report', params: told },
      ],
    },
    'challenger.updated': { actions: { type: 'report', params: told } },
    'challenger.trained': { actions: ['noteChallengerTrained', { type: 'report', params: told }] },
    'solver.rolledOut': { actions: { type: 'report', params: told } },
    'solver.updated': { actions: { type: 'report', params: told } },
    'solver.trained': {
      actions: [
        { type: 'noteSolverTrained', params: told },
        { type: 'report', params: told },
      ],
    },
    'solver.evaluated': { actions: ['noteEvaluated', { type: 'report', params: told }] },
    'role.paused': {
      actions: [
        { type: 'notePaused', params: told },
        { type: 'report', params: told },
      ],
    },
    'role.failed': {
      target: '.failed',
      actions: [
        { type: 'report', params: told },
        { type: 'end', params: ({ context, event }) => failure(context, event.role, event.work, event.error) },
      ],
    },
  },
  initial: 'running',
  states: {
    running: {
      type: 'parallel',
      states: { phase, pace },
    },
    done: { type: 'final', entry: { type: 'report', params: ended } },
    nothingLeft: { type: 'final', entry: { type: 'report', params: ended } },
    failed: { type: 'final', entry: { type: 'report', params: ended } },
  },
});

/** The whole run as a machine: `createActor(createSupervisor(work), { input: plan })`, or with a persisted `snapshot`.
 *  Its output is the {@link RunOutcome}; work that fails ends it in `failed`, it never rejects or throws. */
export function createSupervisor(work: RunWork): typeof supervisorMachine {
  return supervisorMachine.provide({
    actors: {
      challenger: provideChallenger(work.challenger),
      solver: provideSolver(work.solver),
      evaluator: provideEvaluator(work.evaluator),
      closeIteration: promiseActor((input: IterationKey, signal) => work.supervisor.closeIteration(input, signal)),
    } satisfies Record<Role | keyof SupervisorWork, unknown>,
  });
}

function told<Told extends RoleFact>({ event }: { event: Told }): Told {
  return event;
}

function iterationClosed({ context }: { context: RunProgress }): Fact {
  return { type: 'iteration.closed', iteration: context.iteration };
}

function ended({ context }: { context: RunProgress }): Fact {
  return { type: 'run.ended', outcome: outcomeOf(context) };
}

function chartFailed(role: Role) {
  return {
    target: '.failed',
    actions: {
      type: 'end',
      params: ({ context, event }: { context: RunProgress; event: { error: unknown } }) =>
        failure(context, role, 'chart', toPlainError(event.error)),
    },
  } as const;
}
