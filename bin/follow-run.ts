import type { RunFollower } from '../actors/follower.js';
import type { Watcher } from '../actors/inspection.js';
import type { ProgressUpdate } from '../actors/progress.js';
import { Interrupted, RzeroError } from '../src/errors.js';
import { dashboardBeside } from './dashboard/beside-run.js';
import { withReader } from './database.js';
import { together } from './followers.js';
import type { Inspector } from './inspect/inspector.js';
import { keyIn } from './keys.js';
import { type LogDestination, requireWritable } from './loggers/destinations.js';
import { logFollower } from './loggers/log-follower.js';
import { tracesWhereAsked } from './loggers/tracing.js';
import { nextSteps } from './next-steps.js';
import { formatReport, readItemScores, readReport } from './run-report.js';
import { runStory } from './run-story.js';
import { coloursFor } from './terminal/colour.js';
import { withInterrupt } from './terminal/interrupt.js';
import { printJson, printText } from './terminal/output.js';
import { openProgress } from './terminal/progress.js';
import { readVersion } from './version.js';
import type { PageFlags } from './web/flags.js';

/** The flags of a command that carries a run to its end. */
export interface FollowFlags extends PageFlags {
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
  /** Keys in the environment, OPENAI_API_KEY and ORACLE_API_KEY; null for none. */
  readonly serverKey: string | null;
  readonly oracleKey: string | null;
  /** Something worth a line: a run's id, a crowded machine. */
  readonly onNews: (text: string) => void;
  readonly follower: RunFollower;
  /** Looks on; left out where nobody does. */
  readonly watcher?: Watcher;
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
  const tell = flags.quiet ? (text: string) => void process.stderr.write(`rzero: ${text}\n`) : progress.say;
  const story = runStory(flags.db, progress, coloursFor(process.stderr));
  const { db, host, port = null } = flags;
  const page = flags.dashboard ? dashboardBeside(db, { host, port }, tell, openerFor(flags)) : null;
  const pages = page === null ? [] : [page.follower];
  const follower = together([story, ...pages, ...logs, ...(await tracesWhereAsked())], tell);
  let outcome: FollowedRun;
  try {
    const inspector = await inspectorFor(flags, tell);
    try {
      outcome = await withInterrupt(progress.say, (signal) =>
        work({
          signal,
          serverKey: keyIn('OPENAI_API_KEY'),
          oracleKey: keyIn('ORACLE_API_KEY'),
          onProgress: (update) => {
            progress.update(update);
            inspector?.onProgress(update);
          },
          onNews: progress.say,
          follower,
          ...(inspector === null ? {} : { watcher: inspector.watcher }),
        }),
      );
    } finally {
      await inspector?.close();
    }
  } finally {
    await page?.close();
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

/** The inspector that the flags ask for, its address told, and its page opened where there is a screen. Beside the dashboard,
 *  which has the port that was asked for, it takes a free one. */
async function inspectorFor(flags: FollowFlags, say: (text: string) => void): Promise<Inspector | null> {
  const { inspect, host, port, dashboard } = flags;
  if (inspect === undefined) return null;
  const { openInspector } = await import('./inspect/inspector.js');
  const inspector = await openInspector({ host, port: dashboard ? 0 : (port ?? null) }, readVersion(), say);
  const url = inspect === 'stately' ? inspector.statelyUrl : inspector.url;
  say(`inspector at ${url}`);
  await openerFor(flags)(url);
  return inspector;
}

/** Opens a page in the person's browser, unless they said not to. */
const openerFor =
  ({ open }: PageFlags) =>
  async (url: string): Promise<void> => {
    if (!open) return;
    const { openBrowser } = await import('./web/open-browser.js');
    await openBrowser(url);
  };
