import cliProgress from 'cli-progress';
import type { ProgressUpdate } from '../../actors/progress.js';
import { formatCount, formatDuration, formatRate } from './numbers.js';

/**
 * Progress on stderr, in one of three forms: bars on a terminal, a line now and then elsewhere, nothing with --quiet.
 *
 * - Tasks are known by their label, and several may be under way at once. The first update of a label starts its
 *   clock; the one with done = total ends it, and the label may then start again.
 * - What takes less than a second is not worth a line.
 */

export interface Progress {
  update(update: ProgressUpdate): void;
  /** A line that stays, above the bars. */
  say(text: string): void;
  /** Takes the bars away and gives the cursor back. */
  close(): void;
}

/** The stream that progress goes to, as much of it as is needed. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** The form of progress that fits: `now` gives milliseconds. */
export function openProgress(
  stream: NodeJS.WriteStream,
  quiet: boolean,
  now: () => number = () => performance.now(),
): Progress {
  if (quiet) return SILENT;
  return stream.isTTY && process.env['TERM'] !== 'dumb' ? openBars(stream, now) : openLines(stream, now);
}

const SILENT: Progress = { update: () => {}, say: () => {}, close: () => {} };
const FIRST_LINE_AFTER_MS = 1000;
const LINE_EVERY_MS = 10_000;

/** Progress as lines: one a second after a task began, then one every ten seconds, and one at its end. */
export function openLines(stream: ProgressStream, now: () => number): Progress {
  const tasks = new Map<string, { readonly startedMs: number; readonly startedAt: number; nextLineMs: number }>();
  return {
    update(update) {
      const nowMs = now();
      const task = tasks.get(update.label);
      if (task === undefined) {
        if (update.done >= update.total) return;
        tasks.set(update.label, { startedMs: nowMs, startedAt: update.done, nextLineMs: nowMs + FIRST_LINE_AFTER_MS });
        return;
      }
      const elapsedMs = nowMs - task.startedMs;
      const ended = update.done >= update.total;
      if (ended ? elapsedMs >= FIRST_LINE_AFTER_MS : nowMs >= task.nextLineMs) {
        task.nextLineMs = nowMs + LINE_EVERY_MS;
        stream.write(`${update.label}: ${describeProgress(update, task.startedAt, elapsedMs)}\n`);
      }
      if (ended) tasks.delete(update.label);
    },
    say: (text) => void stream.write(`${text}\n`),
    close: () => {},
  };
}

/** `64/256 questions, 32 questions/s, 6.0 s left`; at the end `256/256 questions in 8.0 s, 32 questions/s`.
 *  The rate is the task's mean since it began at `startedAt` units, `elapsedMs` ago. */
export function describeProgress(update: ProgressUpdate, startedAt: number, elapsedMs: number): string {
  const { done, total, unit } = update;
  const counts = `${formatCount(done)}/${formatCount(total)} ${unit}`;
  const perSecond = (1000 * (done - startedAt)) / elapsedMs;
  if (elapsedMs <= 0 || perSecond <= 0) return counts;
  const rate = `${formatRate(perSecond)} ${unit}/s`;
  if (done >= total) return `${counts} in ${formatDuration(elapsedMs / 1000)}, ${rate}`;
  return `${counts}, ${rate}, ${formatDuration((total - done) / perSecond)} left`;
}

function openBars(stream: NodeJS.WriteStream, now: () => number): Progress {
  const format = '{label} {bar} {text}';
  const bars = new cliProgress.MultiBar(
    { stream, format, barsize: 24, fps: 5, hideCursor: true, clearOnComplete: true, gracefulExit: false },
    cliProgress.Presets.shades_grey,
  );
  const tasks = new Map<string, { bar: cliProgress.SingleBar; startedMs: number; startedAt: number }>();
  const begin = ({ label, done, total }: ProgressUpdate) => {
    const bar = bars.create(total, done, { label: label.padEnd(24), text: '' });
    const task = { bar, startedMs: now(), startedAt: done };
    tasks.set(label, task);
    return task;
  };
  return {
    update(update) {
      const task = tasks.get(update.label) ?? begin(update);
      if (update.done >= update.total) {
        bars.remove(task.bar);
        tasks.delete(update.label);
        return;
      }
      task.bar.setTotal(update.total);
      task.bar.update(update.done, { text: describeProgress(update, task.startedAt, now() - task.startedMs) });
    },
    say(text) {
      if (tasks.size > 0) bars.log(`${text}\n`);
      else stream.write(`${text}\n`);
    },
    close() {
      if (bars.isActive) bars.stop();
    },
  };
}
