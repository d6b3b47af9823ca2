import type { RunFollower } from '../actors/follower.js';
import type { ProgressUpdate } from '../actors/progress.js';
import { Interrupted, RzeroError } from '../src/errors.js';
import { withReader } from './database.js';
import { together } from './followers.js';
import { type LogDestination, requireWritable } from './loggers/destinations.js';
import { logFollower } from './loggers/log-follower.js';
import { nextSteps } from './next-steps.js';
import { formatReport, readItemScores, readReport } from './run-report.js';
import { runStory } from './run-story.js';
import { coloursFor } from './terminal/colour.js';
import { withInterrupt } from './terminal/interrupt.js';
import { printJson, printText } from './terminal/output.js';
import { openProgress } from './terminal/progress.js';

/** The flags of a command that carries a run to its end. */
export interface FollowFlags {
  readonly db: string;
  readonly quiet?: true;
  readonly json?: true;
  readonly log: readonly LogDestination[];
}

/** What a run under way tells, and how it is asked to stop. */
export interface RunHooks {
  /** Aborted by Ctrl-C: the run then stops at its next safe point with its last commit kept. */
  readonly signal: AbortSignal;
  readonly onProgress: (update: ProgressUpdate) => void;
  /** What the server that samples rollouts wants to see, where there is one; null for no key. */
  readonly serverKey: string | null;
  /** Something worth a line: a run's id, a crowded machine. */
  readonly onNews: (text: string) => void;
  readonly follower: RunFollower;
}

/** How a run came to rest. */
export interface FollowedRun {
  readonly runId: string;
  readonly status: 'running' | 'interrupted' | 'done' | 'nothing_left' | 'failed';
  /** Why, in one sentence; null for a run that did all it was asked for. */
  readonly reason: string | null;
}

/** Shows a run's progress until it rests, then prints its report.
 *  @throws UsageError for a log that can't be written, before anything is done.
 *  @throws Interrupted or RzeroError when it was stopped or failed; the report is printed first. */
export async function followRun(flags: FollowFlags, work: (hooks: RunHooks) => Promise<FollowedRun>): Promise<void> {
  requireWritable(flags.log);
  const logs = await Promise.all(flags.log.map((destination) => logFollower(flags.db, destination)));
  const progress = openProgress(process.stderr, flags.quiet === true);
  const complain = flags.quiet ? (text: string) => void process.stderr.write(`rzero: ${text}\n`) : progress.say;
  const story = runStory(flags.db, progress, coloursFor(process.stderr));
  const follower = together([story, ...logs], complain);
  let outcome: FollowedRun;
  try {
    outcome = await withInterrupt(progress.say, (signal) =>
      work({
        signal,
        serverKey: process.env['OPENAI_API_KEY'] ?? null,
        onProgress: progress.update,
        onNews: progress.say,
        follower,
      }),
    );
  } finally {
    follower.close();
    progress.close();
  }
  const { runId, status, reason } = outcome;
  const [report, items] = withReader(flags.db, (db) => [
    readReport(db, runId, { questionCount: 5, iteration: null }),
    readItemScores(db, runId),
  ]);
  if (flags.json) printJson(report);
  else {
    const text = formatReport(report, { withConfig: false, withTasks: false, items }, coloursFor(process.stdout));
    const lastIteration = report.scores.reduce<number | null>(
      (last, { iteration }) => Math.max(last ?? 0, iteration),
      null,
    );
    printText(`${text}\n\n${nextSteps({ runId, status, lastIteration }, flags.db)}`);
  }
  if (status === 'interrupted') throw new Interrupted(`run ${runId} was stopped; \`rzero resume ${runId}\` goes on`);
  if (status === 'failed') throw new RzeroError(`run ${runId} failed: ${reason ?? 'no reason was recorded'}`);
}
