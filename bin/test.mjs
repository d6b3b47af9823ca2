/**
 * Installs and builds where needed, then runs the tests. Arguments that begin with `--` go to Node's runner; the others pick test files whose path
 * contains one of them: `npm test -- grading --test-name-pattern=boxed`.
 * Node 20's runner takes no quoted globs and, given a folder, would run helpers too: so the files are found here.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareOrExit } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
await prepareOrExit(root);
const args = process.argv.slice(2);
const filters = args.filter((arg) => !arg.startsWith('--'));
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();

if (files.length === 0) {
  process.stderr.write(`no test file's path contains ${filters.map((filter) => `"${filter}"`).join(' or ')}\n`);
  process.exit(2);
}
// Tests with ONNX sessions bring threads of their own: more files at once than cores only makes each slower.
const concurrency = Math.min(4, availableParallelism());
const options = ['--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec'];
const runner = spawn(process.execPath, [...options, ...args.filter((arg) => arg.startsWith('--')), ...files], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal));
runner.on('close', (code, signal) => {
  process.exitCode = signal === null ? code : 1;
});
