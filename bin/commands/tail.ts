import { setTimeout as pause } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { Interrupted, RzeroError } from '../../src/errors.js';
import type { Reader } from '../../storage/connection.js';
import { NoDatabaseYet, openReader } from '../../storage/database.js';
import { placeBeforeLast, type StoredEvent } from '../../storage/events.js';
import { listRuns, type RunDetails } from '../../storage/runs.js';
import { findRun } from '../database.js';
import { followEvents, type StandingRun, standingOf } from '../event-feed.js';
import { eventWords, totalsOf } from '../event-words.js';
import { databaseOption, defineCommand, jsonOption, wholeNumber } from '../options.js';
import { clockTime } from '../terminal/clock.js';
import { printJson, printText } from '../terminal/output.js';
import { printable } from '../terminal/printable.js';

interface TailFlags {
  readonly db: string;
  readonly fromStart?: true;
  readonly lines: number;
  readonly wait?: true;
  readonly json?: true;
}

const LOOK_MS = 200;

/** `tail`: what happens in a run, line by line, from another terminal. */
export function addTail(program: Command): void {
  defineCommand(program, 'tail', 'follow a run from another terminal: a line for each thing that happens', [
    'rzero tail                       the latest run',
    'rzero tail r7f --from-start',
    'rzero tail --wait                the next run, though it may not have begun',
    `rzero tail --json | jq -r 'select(.type == "solver.updated") | .payload.rewardMean'`,
  ])
    .argument('[run]', 'its id or the beginning of it; the latest run where none is named')
    .addOption(databaseOption())
    .option('-n, --lines <n>', 'how many of the lines so far to begin with', wholeNumber(0), 10)
    .addOption(new Option('--from-start', 'begin with the first line').conflicts('lines'))
    .option('--wait', 'wait for a run to begin, and for one that was interrupted or killed to go on')
    .addOption(jsonOption('one JSON object a line: {id, runId, at, actor, type, payload}, with times in UTC'))
    .addHelpText(
      'after',
      '\nNothing is locked: the run does not notice. It ends with the run: exit code 0 for one that is done, 1 for one that failed,\n130 for one that was interrupted or killed. Ctrl-C ends it too, and not the run.',
    )
    .action(async (run: string | undefined, flags: TailFlags) => {
      const db = flags.wait === true ? await awaitReader(flags.db) : openReader(flags.db);
      try {
        const followed = flags.wait === true && run === undefined ? await awaitRun(db) : findRun(db, run);
        report(await tail(db, followed, flags));
      } finally {
        db.close();
      }
    });
}

function tail(db: Reader, run: RunDetails, flags: TailFlags): Promise<StandingRun> {
  const totals = totalsOf(run.config);
  const hear = (event: StoredEvent): void => {
    if (flags.json) printJson(event);
    else printText(`${clockTime(new Date(event.at), new Date())} ${eventWords(event, totals)}`);
  };
  const afterId = flags.fromStart === true ? 0 : placeBeforeLast(db, run.id, flags.lines);
  return followEvents(db, run.id, afterId, hear, (at) => {
    if (flags.wait !== true) return 'end';
    notice(`${restSentence(at)}; waiting for it to go on`);
    return 'wait';
  });
}

/** Says how the run came to rest, by the exit code too.
 *  @throws RzeroError for a run that failed, Interrupted for one that can be resumed. */
function report(at: StandingRun): void {
  if (at.standing === 'failed') throw new RzeroError(restSentence(at));
  if (at.standing === 'interrupted' || at.standing === 'killed')
    throw new Interrupted(`${restSentence(at)}; \`rzero resume ${at.run.id}\` goes on`);
  notice(restSentence(at));
}

function restSentence({ run, standing }: StandingRun): string {
  const { id, endReason, error } = run;
  switch (standing) {
    case 'failed':
      return `run ${id} failed${endReason === null ? '' : `: ${endReason}`}${error === null ? '' : `: ${printable(error.message, 300)}`}`;
    case 'nothing_left':
      return `run ${id} ended: ${endReason ?? 'nothing was left to learn from'}`;
    case 'killed':
      return `run ${id} was killed: it says running, and no process writes to its database`;
    case 'interrupted':
      return `run ${id} was interrupted`;
    case 'done':
      return `run ${id} is done`;
    case 'running':
      return `run ${id} is running`;
  }
}

/** The database once there is one. @throws DatabaseError for one that can't be read. */
async function awaitReader(file: string): Promise<Reader> {
  for (let told = false; ; ) {
    try {
      return openReader(file);
    } catch (error) {
      if (!(error instanceof NoDatabaseYet)) throw error;
      if (!told) notice(`there is no database at ${file} yet; waiting for a run to make it`);
      told = true;
      await pause(LOOK_MS);
    }
  }
}

/** The latest run once it is at work. */
async function awaitRun(db: Reader): Promise<RunDetails> {
  for (let told = false; ; ) {
    const latest = listRuns(db).at(-1);
    if (latest !== undefined) {
      const { run, standing } = standingOf(db, latest.run_id);
      if (standing === 'running') return run;
    }
    if (!told) notice(`no run is at work in ${db.path}; waiting for one`);
    told = true;
    await pause(LOOK_MS);
  }
}

/** What is no event goes to stderr, so that stdout has nothing else. */
function notice(text: string): void {
  process.stderr.write(`rzero: ${text}\n`);
}
