import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNode, rzero } from '../support/command-line.js';
import { softwareVulkan } from '../support/outside.js';

test('doctor --json finds what a run needs on a machine that passes its tests', async () => {
  const { code, stdout, stderr } = await rzero(['doctor', '--json']);
  assert.deepEqual([code, stderr], [0, '']);
  const diagnosis = JSON.parse(stdout) as {
    readonly node: string;
    readonly providers: Readonly<
      Record<string, { readonly ok: boolean; readonly problem: string | null; readonly float16: boolean | null }>
    >;
    readonly better_sqlite3: { readonly ok: boolean };
  };
  assert.equal(diagnosis.node, process.versions.node);
  assert.deepEqual(Object.keys(diagnosis.providers), ['cpu', 'webgpu', 'cuda']);
  assert.equal(diagnosis.providers['cpu']?.ok, true);
  assert.equal(diagnosis.providers['cpu']?.float16, true);
  assert.equal(diagnosis.better_sqlite3.ok, true);
});

test('a provider that does not work here has a reason in one line', async () => {
  const { stdout } = await rzero(['doctor', '--json']);
  const { providers } = JSON.parse(stdout) as { providers: Record<string, { ok: boolean; problem: string | null }> };
  for (const { ok, problem } of Object.values(providers)) {
    if (ok) assert.equal(problem, null);
    else assert.match(problem ?? '', /^[^\n]{3,300}$/);
  }
});

test('doctor says whether the device has 16-bit shaders: the software driver has none', async (t) => {
  const environment = softwareVulkan(t);
  if (environment === null) return;
  const main = fileURLToPath(new URL('../../bin/main.js', import.meta.url));
  const { stdout } = await runNode([main, 'doctor'], '', environment);
  assert.match(stdout, /provider webgpu\s+works, comes with the package, without 16-bit shaders/);
});
