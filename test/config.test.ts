import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig, resolveConfig } from '../src/config.js';

test('a run stored before there were threads inside a worker goes on with one', () => {
  const { threadsPerWorker, ...stored } = resolveConfig({ preset: 'tiny', set: ['threadsPerWorker=4'] });
  assert.equal(threadsPerWorker, 4);
  assert.deepEqual(parseConfig(stored), { ...stored, threadsPerWorker: 1 });
});
