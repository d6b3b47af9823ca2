import { clearScreenDown, moveCursor } from 'node:readline';
import { createLogUpdate } from 'log-update';
import type { ProgressUpdate } from '../../actors/progress.js';
import type { RunState } from '../../actors/run-state.js';
import { coloursFor } from './colour.js';
import { columnsOf } from './fit.js';
import { liveFrame } from './live-frame.js';
import type { Progress, ProgressStream } from './progress-view.js';

/**
 * Progress as lines at the foot of a terminal that are drawn over.
 *
 * - Lines that stay go above them; everything on the screen is a line's worth or less, so nothing wraps.
 * - It draws at most every {@link FRAME_MS}, and at least every {@link IDLE_MS}: the time left runs while a task is silent.
 * - When the terminal gets narrower, most of them lay long lines anew over several rows. Those are taken away with the
 *   lines themselves. One that tells its size late (tmux, by a quarter of a second) may keep a line that was drawn then.
 */

const FRAME_MS = 80;
const IDLE_MS = 500;

/** `now` gives milliseconds. */
export function openLiveView(stream: ProgressStream, now: () => number): Progress {
  const log = createLogUpdate(stream);
  const colours = coloursFor(stream);
  const tasks = new Map<string, { update: ProgressUpdate; readonly startedAt: number; readonly startedMs: number }>();
  let state: RunState | null = null;
  let shown: readonly string[] = [];
  let drawnMs = Number.NEGATIVE_INFINITY;

  const columns = (): number => stream.columns || 80;
  const draw = (): void => {
    drawnMs = now();
    const running = [...tasks.values()].map(({ update, startedAt, startedMs }) => ({
      update,
      startedAt,
      elapsedMs: drawnMs - startedMs,
    }));
    shown = liveFrame(state, running, columns(), colours);
    if (shown.length === 0) log.clear();
    else log(shown.join('\n'));
  };
  const onResize = (): void => {
    const rows = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns())), 0);
    moveCursor(stream, 0, shown.length - rows);
    clearScreenDown(stream);
    log.clear();
    draw();
  };
  const timer = setInterval(draw, IDLE_MS).unref();
  stream.on('resize', onResize);

  return {
    update(update) {
      const { label, done, total } = update;
      const task = tasks.get(label);
      const ended = done >= total;
      if (ended) tasks.delete(label);
      else if (task === undefined) tasks.set(label, { update, startedAt: done, startedMs: now() });
      else task.update = update;
      if (ended || task === undefined || now() - drawnMs >= FRAME_MS) draw();
    },
    state(next) {
      state = next;
      draw();
    },
    say(text) {
      log.persist(text);
      draw();
    },
    columns,
    close() {
      clearInterval(timer);
      stream.off('resize', onResize);
      log.clear();
      log.done();
    },
  };
}
