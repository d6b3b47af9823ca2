import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a real process of the program printed, and its exit code. */
export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = fileURLToPath(new URL('../../bin/main.js', import.meta.url));

/** Runs `rzero ARGS` as a process of its own, without a terminal. */
export async function rzero(
  args: readonly string[],
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Printed> {
  return runNode([MAIN, ...args], input, environment);
}

/** Runs Node with these arguments. Colours are off, whatever the tests' own environment says. */
export async function runNode(
  args: readonly string[],
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Printed> {
  const { FORCE_COLOR: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const child = spawn(process.execPath, args, { env: { ...env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  }
  child.stdin.on('error', () => {}); // it may end before it has read all
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...printed };
}
