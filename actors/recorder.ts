import type { Actor } from 'xstate';
import { type createSupervisor, SNAPSHOT_VERSION } from '../machines/supervisor.js';
import { InternalError } from '../src/errors.js';
import type { TaskEntry } from '../src/workers/task-times.js';
import { commit, type Writer } from '../storage/connection.js';
import { recordEvent } from '../storage/events.js';
import { saveSnapshot } from '../storage/snapshots.js';
import { recordWorkerTask } from '../storage/worker-tasks.js';
import type { RunTask } from './follower.js';

/**
 * Turns facts into rows. Rules:
 * - work hands over its rows in the same turn of the event loop in which it ends, so that its chart's transition and all
 *   messages it sends come before the commit;
 * - the commit takes all rows handed over since the last one and the supervisor's snapshot: both or neither;
 * - what a worker did goes with the next commit, whenever that is: it is not worth one of its own;
 * - what is to be told of rows is told right after their commit, in the order in which it was handed over;
 * - after `close` nothing is written or told: what a stopped run leaves is its last commit.
 */
export class Recorder {
  private pending: ((db: Writer) => void)[] = [];
  private untold: (() => void)[] = [];
  private scheduled: Promise<void> | null = null;
  private supervisor: Supervisor | null = null;
  private closed = false;
  private failure: unknown = null;

  constructor(
    private readonly db: Writer,
    private readonly runId: string,
    /** Which start or resume of the run this is. */
    private readonly sitting: number,
    /** Hears that a commit failed (a full disk): the run can't go on. */
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** The actor whose snapshot goes with the rows, and whose iteration is the one under way. */
  follow(supervisor: Supervisor): void {
    this.supervisor = supervisor;
  }

  /** Hands over rows, to be written with the snapshot when the event loop has come round. */
  record(write: (db: Writer) => void): void {
    this.pending.push(write);
    this.scheduled ??= new Promise((resolve) => {
      setImmediate(() => {
        this.scheduled = null;
        this.flush();
        resolve();
      });
    });
  }

  recordEvent(actor: string, type: string, payload: object): void {
    const at = new Date().toISOString();
    this.record((db) => recordEvent(db, { runId: this.runId, at, actor, type, payload }));
  }

  /** Calls `tell` as soon as what was handed over so far is committed; never where that fails. */
  afterCommit(tell: () => void): void {
    this.untold.push(tell);
  }

  /** Keeps what a worker did under the iteration under way, for the next commit. */
  recordTask(entry: TaskEntry): RunTask {
    const { iteration } = this.followed().getSnapshot().context;
    const { runId, sitting } = this;
    const task = { ...entry, iteration };
    this.pending.push((db) => recordWorkerTask(db, { ...task, runId, sitting }));
    return task;
  }

  /** Waits until everything handed over is committed. @throws what a commit threw. */
  async settled(): Promise<void> {
    while (this.scheduled !== null) await this.scheduled;
    if (this.failure !== null) throw this.failure;
  }

  close(): void {
    this.closed = true;
  }

  private flush(): void {
    if (this.closed || this.failure !== null) return;
    const writes = this.pending;
    const tellings = this.untold;
    this.pending = [];
    this.untold = [];
    try {
      commit(this.db, () => {
        for (const write of writes) write(this.db);
        saveSnapshot(this.db, this.runId, SNAPSHOT_VERSION, this.snapshot(), new Date().toISOString());
      });
    } catch (error) {
      this.failure = error;
      this.onFailure(error);
      return;
    }
    for (const tell of tellings) tell();
  }

  private snapshot(): object {
    return this.followed().getPersistedSnapshot();
  }

  private followed(): Supervisor {
    if (this.supervisor === null) throw new InternalError('the recorder follows no supervisor yet');
    return this.supervisor;
  }
}

type Supervisor = Actor<ReturnType<typeof createSupervisor>>;
