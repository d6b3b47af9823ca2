import { withInterrupt } from '../../bin/terminal/interrupt.js';

/** A process that works until it is interrupted, for interrupt.test.ts. With `stubborn` it does not heed the signal. */
const stubborn = process.argv[2] === 'stubborn';
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const alive = setInterval(() => {}, 1000);

await withInterrupt(
  say,
  (signal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        if (!stubborn) resolve();
      });
      say('ready');
    }),
);
clearInterval(alive);
say('stopped in good order');
