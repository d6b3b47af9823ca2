import type { RunState } from '../../actors/run-state.js';
import type { Colours } from './colour.js';
import { type TaskProgress, waysToDescribe } from './describe-progress.js';
import { columnsOf, cutTo, fitting, padTo } from './fit.js';
import { waysToTell } from './state-line.js';

/** What a live view shows at one moment, none of it longer than a line: the run's state, then a bar for each task. */

const LONGEST_BAR = 24;
const SHORTEST_BAR = 6;
const GAP = '  ';

/** The lines of the view in so many columns. */
export function liveFrame(
  state: RunState | null,
  tasks: readonly TaskProgress[],
  columns: number,
  colours: Colours,
): readonly string[] {
  const stateLine = state === null ? [] : [colours.bold(fitting(waysToTell(state), columns))];
  const labelColumns = Math.max(0, ...tasks.map(({ update }) => columnsOf(update.label)));
  return [...stateLine, ...tasks.map((task) => taskLine(task, labelColumns, columns))];
}

/** `label  ███░░░  64/256 questions, 32 questions/s, 6.0 s left`: the bar goes first where that is too long, then words. */
function taskLine(task: TaskProgress, labelColumns: number, columns: number): string {
  const { label, done, total } = task.update;
  const ways = waysToDescribe(task);
  const room = columns - labelColumns - GAP.length;
  const text = ways.find((way) => way.length <= room) ?? ways.at(-1) ?? '';
  if (text.length > room) return cutTo(`${cutTo(label, columns - GAP.length - text.length)}${GAP}${text}`, columns);
  const barColumns = Math.min(LONGEST_BAR, room - GAP.length - text.length);
  const bar = barColumns < SHORTEST_BAR ? '' : `${progressBar(done / total, barColumns)}${GAP}`;
  return `${padTo(label, labelColumns)}${GAP}${bar}${text}`;
}

function progressBar(share: number, columns: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return '█'.repeat(filled) + '░'.repeat(columns - filled);
}
