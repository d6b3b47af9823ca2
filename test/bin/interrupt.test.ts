import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A working process; each line that it says is answered with SIGINT, at most `signalCount` times. */
async function interrupted(t: TestContext, kind: string, signalCount: number) {
  const script = fileURLToPath(new URL('./interrupt-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    if (said.length <= signalCount) child.kill('SIGINT');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, said };
}

test('Ctrl-C asks the work to stop and lets it end in good order', async (t) => {
  const { code, said } = await interrupted(t, 'obedient', 1);
  assert.equal(code, 0);
  assert.deepEqual(said, [
    'ready',
    'stopping at the next safe point; press Ctrl-C again to stop at once',
    'stopped in good order',
  ]);
});

test('a second Ctrl-C ends the process at once, by the signal: 130 to a shell', async (t) => {
  const { signal, said } = await interrupted(t, 'stubborn', 2);
  assert.deepEqual([signal, said.length], ['SIGINT', 2]);
});
