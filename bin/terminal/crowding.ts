import { availableParallelism } from 'node:os';
import { crowding } from '../../src/workers/crowding.js';

/** Says it in one line where a command's threads are more than this machine's cores. */
export function warnWhenCrowded(
  threads: { readonly workers: number; readonly threadsPerWorker: number },
  say: (text: string) => void,
): void {
  const warning = crowding(threads, availableParallelism());
  if (warning !== null) say(warning);
}
