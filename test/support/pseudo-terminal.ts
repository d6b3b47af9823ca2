import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Screen } from './screen.js';

const MAIN = fileURLToPath(new URL('../../bin/main.js', import.meta.url));
const ROWS = 60;

/** Whether a program can be given a terminal here: by `script` of util-linux. */
export const HAS_SCRIPT =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** What `rzero ARGS` wrote to a terminal of so many columns, and what its screen shows at the end. */
export async function onTerminal(
  args: readonly string[],
  columns: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly written: string; readonly screen: Screen }> {
  const { CI: _, NO_COLOR: __, FORCE_COLOR: ___, NODE_TEST_CONTEXT: ____, ...env } = process.env;
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['-qec', `stty cols ${columns} rows ${ROWS}; exec ${quoted}`, '/dev/null'], {
    env: { ...env, TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const screen = new Screen(columns, ROWS);
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
    screen.write(text);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, written, screen };
}
