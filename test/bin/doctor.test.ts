import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rzero } from '../support/command-line.js';

test('doctor --json finds what a run needs on a machine that passes its tests', async () => {
  const { code, stdout, stderr } = await rzero(['doctor', '--json']);
  assert.deepEqual([code, stderr], [0, '']);
  const diagnosis = JSON.parse(stdout) as {
    readonly node: string;
    readonly providers: Readonly<Record<string, { readonly ok: boolean; readonly problem: string | null }>>;
    readonly better_sqlite3: { readonly ok: boolean };
  };
  assert.equal(diagnosis.node, process.versions.node);
  assert.deepEqual(Object.keys(diagnosis.providers), ['cpu', 'webgpu', 'cuda']);
  assert.equal(diagnosis.providers['cpu']?.ok, true);
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
