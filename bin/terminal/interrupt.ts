import { Interrupted } from '../../src/errors.js';

/** Runs `work` with a signal that Ctrl-C or SIGTERM aborts, so that it can stop in good order. A second Ctrl-C ends
 *  the process at once: what is committed is kept either way.
 *  @throws whatever `work` throws; it is asked to reject with Interrupted when it stopped early. */
export async function withInterrupt<T>(
  say: (text: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      // By the signal itself, as if it had not been caught: `process.exit` would end the workers, and one that is inside
      // ONNX Runtime then aborts the process with a message of C++.
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      process.kill(process.pid, signal);
      return;
    }
    say('stopping at the next safe point; press Ctrl-C again to stop at once');
    controller.abort(new Interrupted('stopped before the end; `rzero resume` goes on'));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
