import { availableParallelism } from 'node:os';
import { type Actor, createActor, type Snapshot } from 'xstate';
import type { RunOutcome } from '../machines/messages.js';
import { createSupervisor, SNAPSHOT_VERSION } from '../machines/supervisor.js';
import type { RunConfig } from '../src/config.js';
import { DatabaseError, Interrupted, UsageError } from '../src/errors.js';
import { OnnxPolicy } from '../src/policies/onnx.js';
import { freshState } from '../src/policies/state.js';
import type { CompletionServer } from '../src/remote/completion-server.js';
import { crowding } from '../src/workers/crowding.js';
import { GradingPool } from '../src/workers/grading-pool.js';
import { LmPool } from '../src/workers/pool.js';
import type { TaskEntry } from '../src/workers/task-times.js';
import { deleteSupersededCheckpoints, pruneBlobs } from '../storage/checkpoints.js';
import { commit, type Writer } from '../storage/connection.js';
import { weightsFolder } from '../storage/database.js';
import { newestSnapshot } from '../storage/snapshots.js';
import { nextSitting } from '../storage/worker-tasks.js';
import { challengerRole } from './challenger.js';
import { evaluatorRole } from './evaluator.js';
import { checkExactly } from './exact-labels.js';
import type { RunFollower } from './follower.js';
import type { Watcher } from './inspection.js';
import { aboutJudge, judgeServer } from './judge-server.js';
import { LabelJudge } from './label-judge.js';
import { formatOf, type TrainableModel } from './model.js';
import { PolicyKeeper } from './policy-keeper.js';
import type { OnProgress } from './progress.js';
import { Recorder } from './recorder.js';
import { aboutServer, requireSameModel, type ServerHooks, servedBy } from './rollout-server.js';
import type { RunContext } from './run-context.js';
import { runState } from './run-state.js';
import { solverRole } from './solver.js';

/** The wiring of a run: its charts, the roles that do their work, the threads that hold the model, and the store. */

export interface SystemHooks extends ServerHooks {
  readonly onProgress: OnProgress;
  readonly follower: RunFollower;
  /** Looks on as the run goes; left out where nobody does. */
  readonly watcher?: Watcher;
}

/** A run, the model that it begins from, and the server that samples its rollouts; null where they are sampled here. */
export interface RunWork {
  readonly runId: string;
  readonly config: RunConfig;
  readonly model: TrainableModel;
  readonly server: CompletionServer | null;
}

/** How the supervisor came to rest: an outcome, or stopped by the signal. */
export type Ending = RunOutcome | { readonly kind: 'stopped' };

/** Carries a run from its last snapshot, or from its beginning, to its end or to the signal.
 *  @throws what a failing commit throws, after everything has been stopped. */
export async function carryOut(
  db: Writer,
  { runId, config, model, server }: RunWork,
  hooks: SystemHooks,
): Promise<Ending> {
  const format = formatOf(model);
  const snapshot = restorable(db, runId);
  const over = new AbortController(); // the run has come to rest: nobody waits for the server any more
  const serverHooks = { ...hooks, signal: AbortSignal.any([hooks.signal, over.signal]) };
  let commitFailed: (error: unknown) => void = () => {};
  const commitFailure = new Promise<never>((_, reject) => {
    commitFailed = reject;
  });
  commitFailure.catch(() => {}); // heard below, or the run is over
  const recorder = new Recorder(db, runId, nextSitting(db, runId), commitFailed);
  const { follower, watcher } = hooks;
  const onTask = (task: TaskEntry): void => {
    follower.onTask(recorder.recordTask(task));
    watcher?.onTask(task);
  };
  const { executionProvider, workers, threadsPerWorker, deviceWeights } = config;
  const warning = crowding({ workers, threadsPerWorker }, availableParallelism());
  if (warning !== null) hooks.onNews(warning);
  const pool = new LmPool(model.config, executionProvider, workers, threadsPerWorker, onTask, deviceWeights);
  const grading = new GradingPool(onTask, {
    onGivenUp: (answer) => recorder.recordEvent('grading', 'grading.gaveUp', answer),
  });
  try {
    const policy = (): OnnxPolicy => new OnnxPolicy(pool, model.base, freshState(model.initial));
    const base = policy();
    const sampled = server === null ? null : servedBy(server, config, model, base, runId, serverHooks);
    const keeper = (role: 'challenger' | 'solver', start: 'base' | 'previous'): PolicyKeeper => {
      const { reference } = config.rl[role];
      return new PolicyKeeper(db, runId, role, model.layout, sampled?.(role, policy()) ?? policy(), base, {
        start,
        reference,
      });
    };
    const run: RunContext = {
      runId,
      config,
      db,
      model,
      format,
      pool,
      grading,
      recorder,
      challenger: keeper('challenger', config.rl.challenger.start),
      solver: keeper('solver', 'previous'),
      base,
      checkLabel: config.oracle.exact ? checkExactly : () => {},
      progress: (label, done, total, unit) => hooks.onProgress({ label, done, total, unit }),
      news: hooks.onNews,
    };
    const judge = judgeOf(run, serverHooks);
    const supervisor = createActor(createSupervisor(work(run, judge)), {
      input: plan(runId, config),
      ...(snapshot === null ? {} : { snapshot }),
      ...(watcher === undefined ? {} : { inspect: watcher.onInspection }),
    });
    recorder.follow(supervisor);
    if (server !== null) {
      await requireSameModel(server, base);
      hooks.onNews(aboutServer(server, config));
    }
    tellOf(supervisor, recorder, follower);
    for (const sign of ['curriculum.written', 'solver.rolledOut'] as const) // the second where a run was resumed between
      supervisor.on(sign, ({ iteration }) => judge?.begin(iteration));
    return await untilAtRest(supervisor, run, judge, hooks.signal, commitFailure);
  } finally {
    over.abort();
    await pool.close();
    await grading.close();
  }
}

type Supervisor = Actor<ReturnType<typeof createSupervisor>>;

/** Every fact becomes a row, and is told with the state that it led to once that is committed. */
function tellOf(supervisor: Supervisor, recorder: Recorder, follower: RunFollower): void {
  supervisor.on('*', (fact) => {
    recorder.recordEvent('supervisor', fact.type, fact);
    recorder.afterCommit(() => follower.onFact(fact));
  });
  supervisor.subscribe((snapshot) => {
    const state = runState(snapshot);
    // Behind the commit of the facts that led here, and so behind those facts.
    if (state !== null) setImmediate(() => follower.onState(state));
  });
}

/** Starts the supervisor and waits until it has come to its end or the signal, or a commit has failed. */
async function untilAtRest(
  supervisor: Supervisor,
  { recorder, pool }: RunContext,
  judge: LabelJudge | null,
  signal: AbortSignal,
  commitFailure: Promise<never>,
): Promise<Ending> {
  const stopped = new Promise<Ending>((resolve) => {
    const stop = (): void => resolve({ kind: 'stopped' });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  const ended = new Promise<Ending>((resolve) => {
    supervisor.subscribe({ complete: () => resolve(supervisor.getSnapshot().output as RunOutcome) });
  });
  supervisor.start();
  supervisor.send({ type: 'run.resume' }); // a run that was stopped while paused; else it is ignored
  try {
    const ending = await Promise.race([ended, stopped, commitFailure]);
    if (ending.kind === 'nothingLeft') await judge?.close(ending.iteration).catch(unlessInterrupted);
    // A failed run keeps the snapshot before its failure, so that it can be tried again.
    if (ending.kind === 'done' || ending.kind === 'nothingLeft') await recorder.settled();
    return ending;
  } finally {
    recorder.close();
    supervisor.stop(); // first, so that work that now rejects is not heard
    pool.cancel();
  }
}

/** The roles, each given what it needs of the others' memory. */
function work(run: RunContext, judge: LabelJudge | null): Parameters<typeof createSupervisor>[0] {
  const challenger = challengerRole(run, ({ iteration, step }) =>
    evaluator.votesOf({ iteration, purpose: 'challenger', index: step }),
  );
  const solver = solverRole(run, challenger.questionsOfStep);
  const evaluator = evaluatorRole(run, solver.answersOf);
  return {
    challenger: challenger.work,
    solver: solver.work,
    evaluator: evaluator.work,
    supervisor: {
      closeIteration: async ({ iteration }) => {
        await judge?.close(iteration);
        await run.recorder.settled();
        commit(run.db, () => deleteSupersededCheckpoints(run.db, run.runId));
        pruneBlobs(run.db, weightsFolder(run.db.path));
      },
    },
  };
}

/** The judge of labels, where there is one, told to whoever watches. */
function judgeOf(run: RunContext, hooks: ServerHooks): LabelJudge | null {
  const server = judgeServer(run.config, hooks);
  if (server === null) return null;
  hooks.onNews(aboutJudge(server, run.config, hooks));
  return new LabelJudge(run, server, hooks.signal);
}

function unlessInterrupted(error: unknown): void {
  if (!(error instanceof Interrupted)) throw error;
}

function plan(runId: string, config: RunConfig) {
  const { challenger, curriculum, solver } = config.rl;
  return {
    runId,
    iterations: config.iterations,
    startIteration: 1,
    challengerSteps: challenger.steps,
    curriculumBatches: Math.ceil(curriculum.questions / curriculum.batch),
    solverSteps: solver.steps,
  };
}

/** The run's newest snapshot; null for one that has none yet.
 *  @throws DatabaseError for a snapshot of charts that have changed since. */
function restorable(db: Writer, runId: string): Snapshot<unknown> | null {
  const stored = newestSnapshot(db, runId);
  if (stored === undefined) return null;
  if (stored.version !== SNAPSHOT_VERSION) {
    throw new DatabaseError(
      `run ${runId} was stopped under an older version of rzero (snapshot ${stored.version}, this one writes ${SNAPSHOT_VERSION}); finish it with that version or start anew`,
    );
  }
  if (typeof stored.snapshot !== 'object' || stored.snapshot === null)
    throw new UsageError(`run ${runId} has a damaged snapshot; start a new run`);
  return stored.snapshot as Snapshot<unknown>;
}
