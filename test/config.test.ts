import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSettings, parseConfig, resolveConfig } from '../src/config.js';

test('a run stored before the room for an answer was a setting goes on with that of the embedded model', () => {
  const { evaluation, ...stored } = resolveConfig({ preset: 'tiny' });
  const { maxTokens, ...rest } = evaluation;
  assert.equal(maxTokens, 72);
  assert.deepEqual(parseConfig({ ...stored, evaluation: rest }).evaluation, evaluation);
});

test('a run stored before there were threads inside a worker goes on with one', () => {
  const { threadsPerWorker, ...stored } = resolveConfig({ preset: 'tiny', set: ['threadsPerWorker=4'] });
  assert.equal(threadsPerWorker, 4);
  assert.deepEqual(parseConfig(stored), { ...stored, threadsPerWorker: 1 });
});

test('a run stored before weights could have 16 bits on a device goes on with float32, and a new one with what is stored', () => {
  const { deviceWeights, ...before } = resolveConfig({ preset: 'paper' });
  assert.equal(deviceWeights, 'stored');
  assert.equal(parseConfig(before).deviceWeights, 'float32');
});

test('a format that no device has weights in is refused with the nearest one', () => {
  assert.throws(() => resolveConfig({ preset: 'paper', set: ['deviceWeights=float15'] }), {
    name: 'UsageError',
    message: /^setting deviceWeights: .*got "float15" \(did you mean "float16"\?\)$/,
  });
});

test('a run stored before rollouts could be sampled elsewhere goes on with those sampled here', () => {
  const { rollouts, ...stored } = resolveConfig({ preset: 'tiny' });
  assert.deepEqual(parseConfig(stored), { ...stored, rollouts });
  assert.equal(rollouts.url, null);
});

test('a run stored before there was a judge goes on without one', () => {
  const { oracle, ...stored } = resolveConfig({ preset: 'tiny' });
  assert.deepEqual(parseConfig(stored), { ...stored, oracle });
  assert.equal(oracle.model, null);
});

test('settings of a group that has defaults have their own lines in the help', () => {
  const described = describeSettings().filter(({ path }) => /^(rollouts|oracle)/.test(path));
  assert.ok(described.length > 1);
  for (const { path, description } of described)
    assert.ok(/^(rollouts|oracle)\.\w+$/.test(path) && description !== '', path);
});
