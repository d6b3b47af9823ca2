import type { Command } from 'commander';
import type { Reader } from '../../storage/connection.js';
import { secondsOfRun } from '../../storage/phases.js';
import { listRuns } from '../../storage/runs.js';
import { benchmarkScores } from '../../storage/scores.js';
import type { RunHistoryRow } from '../../storage/views.js';
import { findRun, withReader } from '../database.js';
import { type Standing, standingOf } from '../event-feed.js';
import { databaseOption, defineCommand, jsonOption } from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { formatDuration } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { averages, textTable } from '../terminal/tables.js';

interface HistoryFlags {
  readonly db: string;
  readonly json?: true;
}

/** A run in one line: its row of the view, how far it came, and what it gained. */
interface RunLine extends RunHistoryRow {
  /** The status, or `killed` where it says running and no process is at work. */
  readonly standing: Standing;
  readonly iterations_done: number;
  readonly seconds: number;
  /** Points over the base in the greedy average, at the last iteration that was evaluated. */
  readonly math_gain: number | null;
  readonly general_gain: number | null;
}

/** `history`: the runs of a database, one line each. */
export function addHistory(program: Command): void {
  defineCommand(program, 'history', 'list the runs of a database, the first one first', [
    'rzero history',
    'rzero history r7f3k2 --db experiments.db',
    `rzero history --json | jq '.runs[] | select(.status == "done") | .run_id'`,
  ])
    .argument('[run]', 'only this run: its id or the beginning of it')
    .addOption(databaseOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nA run that says running while no process writes to the database was killed, and is listed so; rzero resume goes on.\n--json: {"runs": [{the columns of the view run_history, standing, iterations_done, seconds, math_gain, general_gain}]}',
    )
    .action((run: string | undefined, flags: HistoryFlags) => {
      const lines = withReader(flags.db, (db) => readLines(db, run));
      if (flags.json) printJson({ runs: lines });
      else printText(lines.length === 0 ? `${flags.db} has no runs yet; rzero run starts one` : historyTable(lines));
    });
}

function readLines(db: Reader, run: string | undefined): readonly RunLine[] {
  const wanted = run === undefined ? undefined : findRun(db, run).id;
  return listRuns(db)
    .filter((row) => wanted === undefined || row.run_id === wanted)
    .map((row) => {
      const { standing } = standingOf(db, row.run_id);
      const seconds = secondsOfRun(db, row.run_id);
      const scores = averages(benchmarkScores(db, row.run_id)).filter(({ metric }) => metric === 'greedy');
      const gainOf = (domain: string): number | null => {
        const ofDomain = scores.filter((score) => score.domain === domain);
        const base = ofDomain.find(({ iteration }) => iteration === 0);
        const last = ofDomain.at(-1);
        return base === undefined || last === undefined || last === base ? null : last.score - base.score;
      };
      const iterations_done = Math.max(0, ...scores.map(({ iteration }) => iteration));
      return { ...row, standing, iterations_done, seconds, math_gain: gainOf('math'), general_gain: gainOf('general') };
    });
}

function historyTable(lines: readonly RunLine[]): string {
  return textTable(
    [
      ['run', 'left'],
      ['status', 'left'],
      ['preset', 'left'],
      ['model', 'left'],
      ['seed', 'right'],
      ['iterations', 'right'],
      ['started (UTC)', 'left'],
      ['took', 'right'],
      ['math', 'right'],
      ['general', 'right'],
    ],
    lines.map((line) => [
      line.run_id,
      line.standing,
      line.preset,
      line.model,
      String(line.seed),
      `${line.iterations_done}/${line.iterations}`,
      line.started_at.slice(0, 16).replace('T', ' '),
      formatDuration(line.seconds),
      formatGain(line.math_gain),
      formatGain(line.general_gain),
    ]),
    coloursFor(process.stdout),
  );
}

function formatGain(points: number | null): string {
  return points === null ? '-' : `${points < 0 ? '' : '+'}${points.toFixed(1)}`;
}
