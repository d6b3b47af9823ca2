import { describeProgress } from './describe-progress.js';
import type { Progress } from './progress-view.js';
import { phaseLine } from './state-line.js';

/** The stream that lines go to, as much of it as is needed. */
export interface LineStream {
  write(text: string): unknown;
}

const FIRST_LINE_AFTER_MS = 1000;
const LINE_EVERY_MS = 10_000;

/** Progress as lines: one for each phase of a run; of a task one a second after it began, then one every ten seconds, and
 *  one at its end. What takes less than a second is not worth a line. */
export function openLines(stream: LineStream, now: () => number): Progress {
  const tasks = new Map<string, { readonly startedMs: number; readonly startedAt: number; nextLineMs: number }>();
  const say = (text: string): void => void stream.write(`${text}\n`);
  let phase = '';
  return {
    update(update) {
      const nowMs = now();
      const task = tasks.get(update.label);
      if (task === undefined) {
        if (update.done >= update.total) return;
        tasks.set(update.label, { startedMs: nowMs, startedAt: update.done, nextLineMs: nowMs + FIRST_LINE_AFTER_MS });
        return;
      }
      const { startedAt } = task;
      const elapsedMs = nowMs - task.startedMs;
      const ended = update.done >= update.total;
      if (ended ? elapsedMs >= FIRST_LINE_AFTER_MS : nowMs >= task.nextLineMs) {
        task.nextLineMs = nowMs + LINE_EVERY_MS;
        say(`${update.label}: ${describeProgress({ update, startedAt, elapsedMs })}`);
      }
      if (ended) tasks.delete(update.label);
    },
    state(state) {
      const line = phaseLine(state);
      if (line !== phase && state.phase !== 'closingIteration') say(line);
      phase = line;
    },
    say,
    columns: () => null,
    close: () => {},
  };
}
