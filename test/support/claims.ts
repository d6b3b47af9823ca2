import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runNode } from './command-line.js';
import { softwareVulkan } from './outside.js';

/**
 * Claims that hold in a process of their own: the loader looks for a graphics driver where the environment says when a
 * process starts, and starting a device takes longer than most claims. One process holds all claims of a file.
 */

/** Checks a claim in such a process, and tells the test about it. */
export async function claim(name: string, check: () => Promise<void>): Promise<void> {
  let problem: string | null = null;
  try {
    await check();
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  process.stdout.write(`${JSON.stringify({ name, problem })}\n`);
}

/** Runs the file that makes the claims where WebGPU finds the software driver; each claim is a test. */
export async function holdOnWebgpu(t: TestContext, file: URL): Promise<void> {
  const environment = softwareVulkan(t);
  if (environment === null) return;
  const { code, stdout, stderr } = await runNode([fileURLToPath(file)], '', environment);
  const claims = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly name: string; readonly problem: string | null });
  for (const { name, problem } of claims) {
    await t.test(name, () => {
      if (problem !== null) throw new Error(problem);
    });
  }
  if (code !== 0 || claims.length === 0)
    throw new Error(`the process ended with ${code} after ${claims.length} claims, and said:\n${stderr.slice(-4000)}`);
}
