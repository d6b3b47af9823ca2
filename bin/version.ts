import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version in package.json: recorded with each run, and printed by `--version`. */
export function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url); // from dist/bin
  return z.looseObject({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}
