import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crowding } from '../../src/workers/crowding.js';

test('threads that all have a core are not worth a word', () => {
  assert.equal(crowding({ workers: 2, threadsPerWorker: 2 }, 4), null);
});

test('more threads than cores are told in one sentence with both counts', () => {
  assert.equal(
    crowding({ workers: 2, threadsPerWorker: 4 }, 2),
    '2 workers of 4 threads make 8 threads on 2 cores, where they wait for one another; lower workers or threadsPerWorker',
  );
  assert.match(
    crowding({ workers: 2, threadsPerWorker: 1 }, 1) ?? '',
    /^2 workers of 1 thread make 2 threads on 1 core,/,
  );
});
