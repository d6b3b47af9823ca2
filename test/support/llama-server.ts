import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Checkpoint } from '../../src/lm/checkpoint.js';
import { writeNumberedGguf } from './gguf-file.js';

/** The address of a llama.cpp server, in a process of its own, that serves a model converted to GGUF. It is ended by
 *  `after`, which also waits for it. `packageFolder` is node-llama-cpp's; the file is written to `folder`. */
export async function llamaServer(
  t: { after(release: () => unknown): void },
  packageFolder: string,
  folder: string,
  { config, weights }: Pick<Checkpoint, 'config' | 'weights'>,
): Promise<string> {
  const file = join(folder, 'served.gguf');
  writeNumberedGguf(file, config, weights);
  const program = fileURLToPath(new URL('./llama-server-process.js', import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [program, packageFolder, file, String(config.maxPositions)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill();
    await closed;
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout });
  const [port] = (await Promise.race([once(lines, 'line'), closed])) as [unknown];
  assert.match(String(port), /^\d+$/, `the server did not start: ${complaint}`);
  return `http://127.0.0.1:${port}/v1`;
}
