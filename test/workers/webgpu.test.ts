import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdOnWebgpu } from '../support/claims.js';
import { runNode } from '../support/command-line.js';
import { softwareVulkan } from '../support/outside.js';
import { temporaryFolder } from '../support/temporary.js';

test('a policy on WebGPU', (t) => holdOnWebgpu(t, new URL('./webgpu-process.js', import.meta.url)));

/** As few of everything as a run can have that still trains both roles. */
const COUNTS = {
  'rl.challenger.steps': 1,
  'rl.challenger.questions': 2,
  'rl.challenger.votes': 2,
  'rl.challenger.maxTokens': 20,
  'rl.curriculum.questions': 4,
  'rl.curriculum.batch': 4,
  'rl.curriculum.votes': 3,
  'rl.curriculum.band': '[0,1]',
  'rl.solver.steps': 1,
  'rl.solver.questions': 2,
  'rl.solver.rollouts': 3,
  'rl.solver.maxTokens': 12,
  'evaluation.items': 2,
  'evaluation.maxTokens': 4,
};

test('a whole run on WebGPU ends well, and has trained both roles', async (t) => {
  const environment = softwareVulkan(t);
  if (environment === null) return;
  const main = fileURLToPath(new URL('../../bin/main.js', import.meta.url));
  const set = Object.entries(COUNTS).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const db = join(temporaryFolder(t), 'run.db');
  const { code, stdout, stderr } = await runNode(
    [main, 'run', '--preset', 'smoke', '--ep', 'webgpu', '--db', db, '--json', ...set],
    '',
    environment,
  );
  assert.equal(code, 0, stderr.slice(-2000));
  const shown = await runNode([main, 'show', '--db', db, '--json']);
  assert.match(shown.stdout, /"status":\s*"(finished|done|nothing_left)"/, stdout.slice(-2000));
});
