import { type Actor, createActor } from 'xstate';
import type { ChallengerWork } from '../../machines/challenger.js';
import type { EvaluatorWork } from '../../machines/evaluator.js';
import type { Fact } from '../../machines/messages.js';
import type { RunPlan } from '../../machines/progress.js';
import type { SolverWork } from '../../machines/solver.js';
import { createSupervisor, type RunWork, type SupervisorWork } from '../../machines/supervisor.js';
import type { Work } from '../../machines/work.js';

/** A run of one iteration with as little as there can be in it. */
export const SHORT_PLAN: RunPlan = {
  runId: 'r1',
  iterations: 1,
  startIteration: 1,
  challengerSteps: 1,
  curriculumBatches: 1,
  solverSteps: 2,
};

/** A call of some work that has not ended: the test ends it. */
export interface PendingWork {
  /** Role, work and input: `solver.answer 1/curriculum/0`. */
  readonly key: string;
  readonly signal: AbortSignal;
  complete(): void;
  fail(error: unknown): void;
}

/** What each work resolves with, from its input. */
type Results = ResultsOf<'challenger', ChallengerWork> &
  ResultsOf<'solver', SolverWork> &
  ResultsOf<'evaluator', EvaluatorWork> &
  ResultsOf<'supervisor', SupervisorWork>;

type ResultsOf<Role extends string, Works> = {
  readonly [Name in keyof Works & string as `${Role}.${Name}`]: Works[Name] extends Work<infer Input, infer Output>
    ? (input: Input) => Output
    : never;
};

const QUESTIONS = { questionCount: 10, validCount: 8 };
const UPDATE = { rewardMean: 0.5, loss: 0.1, kl: 0.01, skipped: false };

const USUAL: Results = {
  'challenger.rollOut': () => QUESTIONS,
  'challenger.update': () => UPDATE,
  'challenger.writeBatch': () => QUESTIONS,
  'solver.answer': () => ({ answerCount: 80 }),
  'solver.rollOut': () => ({ questionCount: 4, zeroVarianceCount: 1 }),
  'solver.update': () => UPDATE,
  'evaluator.vote': () => ({ votedCount: 8, keptCount: 4 }),
  'evaluator.evaluate': () => ({ math: 50, general: 60 }),
  'supervisor.closeIteration': () => undefined,
};

/** The whole work of a run, each call of which waits until the test ends it. */
export class FakeWork implements RunWork {
  /** Calls that have not ended, oldest first. */
  readonly pending: PendingWork[] = [];
  /** Keys of the calls, in the order they came, and of those that ended well. */
  readonly started: string[] = [];
  readonly finished: string[] = [];
  private readonly results: Results;

  constructor(results: Partial<Results> = {}) {
    this.results = { ...USUAL, ...results };
  }

  readonly challenger: ChallengerWork = {
    rollOut: (input, signal) => this.begin('challenger.rollOut', this.results['challenger.rollOut'], input, signal),
    update: (input, signal) => this.begin('challenger.update', this.results['challenger.update'], input, signal),
    writeBatch: (input, signal) =>
      this.begin('challenger.writeBatch', this.results['challenger.writeBatch'], input, signal),
  };
  readonly solver: SolverWork = {
    answer: (input, signal) => this.begin('solver.answer', this.results['solver.answer'], input, signal),
    rollOut: (input, signal) => this.begin('solver.rollOut', this.results['solver.rollOut'], input, signal),
    update: (input, signal) => this.begin('solver.update', this.results['solver.update'], input, signal),
  };
  readonly evaluator: EvaluatorWork = {
    vote: (input, signal) => this.begin('evaluator.vote', this.results['evaluator.vote'], input, signal),
    evaluate: (input, signal) => this.begin('evaluator.evaluate', this.results['evaluator.evaluate'], input, signal),
  };
  readonly supervisor: SupervisorWork = {
    closeIteration: (input, signal) =>
      this.begin('supervisor.closeIteration', this.results['supervisor.closeIteration'], input, signal),
  };

  private begin<Input extends object, Output>(
    name: keyof Results,
    result: (input: Input) => Output,
    input: Input,
    signal: AbortSignal,
  ): Promise<Output> {
    const key = `${name} ${Object.values(input).join('/')}`;
    this.started.push(key);
    return new Promise((resolve, reject) => {
      const leave = (): void => void this.pending.splice(this.pending.indexOf(call), 1);
      const call: PendingWork = {
        key,
        signal,
        complete: () => {
          leave();
          this.finished.push(key);
          resolve(result(input));
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      this.pending.push(call);
    });
  }
}

/** A run small enough to try every order in which its work can end. */
export const SMALL_PLAN: RunPlan = {
  runId: 'r1',
  iterations: 2,
  startIteration: 1,
  challengerSteps: 2,
  curriculumBatches: 3,
  solverSteps: 2,
};

/** A started run with fake work. */
export interface FakeRun {
  readonly actor: Actor<ReturnType<typeof createSupervisor>>;
  readonly fake: FakeWork;
  /** Everything that the supervisor told, in order. */
  readonly facts: Fact[];
}

/** Starts a run from its plan. */
export function startRun(plan: RunPlan = SMALL_PLAN, fake: FakeWork = new FakeWork()): FakeRun {
  return started(createActor(createSupervisor(fake), { input: plan }), fake);
}

/** Starts a run from the text of a snapshot. */
export function resumeRun(snapshotText: string, fake: FakeWork = new FakeWork()): FakeRun {
  const snapshot = JSON.parse(snapshotText);
  // The types ask for an input, which a snapshot makes unused.
  return started(createActor(createSupervisor(fake), { snapshot, input: SMALL_PLAN }), fake);
}

function started(actor: FakeRun['actor'], fake: FakeWork): FakeRun {
  const facts: Fact[] = [];
  actor.on('*', (fact) => void facts.push(fact));
  actor.start();
  return { actor, fake, facts };
}

/** The run as it would be stored. */
export function persist({ actor }: FakeRun): string {
  return JSON.stringify(actor.getPersistedSnapshot());
}

/** What the run is doing, or how it ended: `trainingSolver`, `done`. */
export function phaseOf({ actor }: FakeRun): string {
  const { value } = actor.getSnapshot();
  return typeof value === 'string' ? value : value.running.phase;
}

/** Whether new work may begin: `going`, `pausing`, `paused`; the end of a run that is over. */
export function paceOf({ actor }: FakeRun): string {
  const { value } = actor.getSnapshot();
  return typeof value === 'string' ? value : value.running.pace;
}

/** Lets everything happen that follows from work that has ended. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The keys of the work in flight, sorted. */
export function inFlight({ fake }: FakeRun): string[] {
  return fake.pending.map(({ key }) => key).sort();
}

/** Ends the work in flight that has this key.
 *  @throws Error when there is none. */
export async function complete(run: FakeRun, key: string): Promise<void> {
  find(run, key).complete();
  await settle();
}

/** The work in flight that has this key.
 *  @throws Error when there is none. */
export function find({ fake }: FakeRun, key: string): PendingWork {
  const call = fake.pending.find((pending) => pending.key === key);
  if (call === undefined)
    throw new Error(`no ${key} in flight, only ${fake.pending.map((p) => p.key).join(', ') || 'nothing'}`);
  return call;
}

/** Ends whatever is in flight, oldest first or as `choose` says, until `until` holds or nothing is in flight. */
export async function drive(
  run: FakeRun,
  until: () => boolean = () => false,
  choose: (count: number) => number = () => 0,
): Promise<void> {
  await settle();
  while (!until() && run.fake.pending.length > 0) {
    run.fake.pending[choose(run.fake.pending.length)]?.complete();
    await settle();
  }
}

/** Every piece of work that a whole run of `plan` does, sorted. */
export function allWork(plan: RunPlan): string[] {
  const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const iterations = count(plan.iterations).map((i) => i + 1);
  return [
    'evaluator.evaluate 0',
    ...iterations.flatMap((n) => [
      ...count(plan.challengerSteps).flatMap((step) => [
        `challenger.rollOut ${n}/${step}`,
        `solver.answer ${n}/challenger/${step}`,
        `evaluator.vote ${n}/challenger/${step}`,
        `challenger.update ${n}/${step}`,
      ]),
      ...count(plan.curriculumBatches).flatMap((batch) => [
        `challenger.writeBatch ${n}/${batch}`,
        `solver.answer ${n}/curriculum/${batch}`,
        `evaluator.vote ${n}/curriculum/${batch}`,
      ]),
      ...count(plan.solverSteps).flatMap((step) => [`solver.rollOut ${n}/${step}`, `solver.update ${n}/${step}`]),
      `evaluator.evaluate ${n}`,
      `supervisor.closeIteration ${n}`,
    ]),
  ].sort();
}
