#!/usr/bin/env node
/**
 * Starts rzero. In a clone it first installs and builds what is missing or out of date; in an installed package,
 * which has no sources, it just runs. `bin/rzero` is a link to this file: Node before 20.10 refuses to load a module
 * whose name has no extension, so the check below could not speak there. For the same reason nothing newer than
 * Node 14 stands in this file, and the rest is imported after the check.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 17)) {
  process.stderr.write(`rzero: needs Node 20.17 or newer, found ${process.versions.node}; see https://nodejs.org\n`);
  process.exit(2);
}

process.env.ORT_DISABLE_TELEMETRY = process.env.ORT_DISABLE_TELEMETRY || '1'; // nothing leaves this machine unasked
const root = fileURLToPath(new URL('..', import.meta.url));
if (existsSync(`${root}/tsconfig.json`)) {
  const { prepareOrExit } = await import('./setup.mjs');
  await prepareOrExit(root);
}
await import(new URL('../dist/bin/main.js', import.meta.url).href);
