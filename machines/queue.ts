import { InternalError } from '../src/errors.js';
import type { BatchKey } from './messages.js';

/** The batches that wait for a role, oldest first. The one it works on stays at the head until it is done. */
export type BatchQueue = readonly BatchKey[];

/** The queue with the batch that `message` is about at its end. */
export function enqueue(queue: BatchQueue, { iteration, purpose, index }: BatchKey): BatchQueue {
  return [...queue, { iteration, purpose, index }];
}

/** The batch to work on. */
export function head(queue: BatchQueue): BatchKey {
  const [batch] = queue;
  if (batch === undefined) throw new InternalError('the head of an empty queue of batches was asked for');
  return batch;
}
