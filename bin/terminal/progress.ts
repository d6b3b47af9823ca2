import { openLiveView } from './live-view.js';
import { openLines } from './progress-lines.js';
import type { Progress, ProgressStream } from './progress-view.js';

/** Progress on stderr: a live view on a terminal, a line now and then elsewhere, nothing with --quiet. `now` gives
 *  milliseconds. */
export function openProgress(
  stream: ProgressStream,
  quiet: boolean,
  now: () => number = () => performance.now(),
): Progress {
  if (quiet) return SILENT;
  return isLive(stream) ? openLiveView(stream, now) : openLines(stream, now);
}

/** Whether lines may be drawn over: on a terminal that tells its size, and not where a log is kept of it. */
function isLive({ isTTY, columns, rows }: ProgressStream): boolean {
  const logged = (process.env['CI'] ?? '') !== '' || process.env['TERM'] === 'dumb';
  return isTTY === true && !logged && (columns ?? 0) > 0 && (rows ?? 0) > 0;
}

const SILENT: Progress = {
  update: () => {},
  state: () => {},
  say: () => {},
  columns: () => null,
  close: () => {},
};
