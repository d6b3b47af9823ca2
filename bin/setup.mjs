/**
 * Installs and builds a clone, when and only when it is needed. Shared by the launcher and `npm test`.
 *
 * - Installed means: what npm wrote about node_modules agrees with package-lock.json (by content: times lie after a copy).
 * - Built means: dist/.built is newer than every source file and source folder (a deleted file touches its folder).
 * - Two processes may come at once: one works, the other waits (setup/lock.mjs) and then finds nothing left to do.
 * - Everything said goes to stderr: stdout belongs to the command.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { withLock } from './setup/lock.mjs';

/** A set-up that failed, told in one sentence with what the tool said. */
class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const PROJECTS = ['tsconfig.json', 'bin/page/tsconfig.json'];
const SOURCES = ['bin', 'actors', 'machines', 'storage', 'src', 'test', 'bench'];

/**
 * Brings node_modules and dist of the clone at `root` up to date; where npm or tsc fails, ends the process.
 * @param {string} root folder of the clone
 */
export async function prepareOrExit(root) {
  try {
    await prepare(root);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(error.exitCode);
  }
}

async function prepare(root) {
  if (isInstalled(root) && isBuilt(root)) return;
  mkdirSync(join(root, 'dist'), { recursive: true });
  await withLock(join(root, 'dist', '.setup.lock'), say, async () => {
    if (!isInstalled(root)) await install(root);
    if (!isBuilt(root)) await build(root);
  });
}

/** Whether every package that the lockfile asks for stands in node_modules at that version. */
function isInstalled(root) {
  const [wanted, found] = ['package-lock.json', 'node_modules/.package-lock.json'].map((name) => {
    const file = join(root, name);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
  });
  if (wanted === undefined || found === undefined) return found !== undefined;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || found[path]?.version === version || (optional && !(path in found)),
  );
}

/** Whether dist was built from the sources as they are now. */
function isBuilt(root) {
  const stamp = join(root, 'dist', '.built');
  if (!existsSync(stamp) || !existsSync(join(root, 'dist', 'bin', 'main.js'))) return false;
  const builtAt = statSync(stamp).mtimeMs;
  const isOlder = (path) => statSync(path).mtimeMs < builtAt;
  if (![...PROJECTS, 'package-lock.json'].every((name) => isOlder(join(root, name)))) return false;
  return SOURCES.every((folder) => {
    const top = join(root, folder);
    if (!existsSync(top)) return true;
    const entries = readdirSync(top, { recursive: true, withFileTypes: true });
    return [top, ...entries.filter(isSource).map((entry) => join(entry.parentPath, entry.name))].every(isOlder);
  });
}

const isSource = (entry) => entry.isDirectory() || entry.name.endsWith('.ts');

async function install(root) {
  say(
    'installing what it needs (npm ci): 20 seconds, or two minutes where better-sqlite3 has to be compiled from source',
  );
  const windows = process.platform === 'win32';
  const args = ['ci', '--include=dev', '--no-fund', '--no-audit', '--no-update-notifier', '--loglevel=error'];
  const seconds = await runTool(root, 'npm ci', windows ? 'npm.cmd' : 'npm', args, {
    shell: windows,
    // As in .npmrc, from where npm will not pass it on for ever: no download of CUDA libraries.
    env: { ...process.env, npm_config_onnxruntime_node_install: 'skip' },
  });
  say(`installed in ${seconds} s`);
}

async function build(root) {
  say('building (tsc)');
  const dist = join(root, 'dist');
  const stamp = join(dist, '.built');
  rmSync(stamp, { force: true });
  writeFileSync(`${stamp}.new`, ''); // its time is the build's start: a source edited during the build is newer
  if (!existsSync(join(dist, 'bin', 'main.js'))) {
    for (const name of ['.tsbuildinfo', '.tsbuildinfo-page']) rmSync(join(dist, name), { force: true });
  }
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const seconds = await runTool(root, 'tsc', process.execPath, [compiler, '-b', ...PROJECTS]);
  removeOrphans(root);
  renameSync(`${stamp}.new`, stamp);
  say(`built in ${seconds} s`);
}

/** Removes the output of sources that are gone, which tsc leaves behind: an old test would still run. */
function removeOrphans(root) {
  const dist = join(root, 'dist');
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && file.endsWith('.js')) {
      const source = join(root, relative(dist, file)).replace(/\.js$/, '.ts');
      if (!existsSync(source)) rmSync(file);
    }
  }
}

/** Runs one tool quietly and gives the seconds it took; what it printed is shown only when it fails. */
async function runTool(root, name, command, args, options = {}) {
  const startedMs = Date.now();
  const elapsed = () => Math.round((Date.now() - startedMs) / 1000);
  const heartbeat = setInterval(() => say(`still busy with ${name}, ${elapsed()} s so far`), 20_000);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let stoppedBy = null;
  const stop = (signal) => {
    stoppedBy = signal;
    child.kill(signal);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => printed.push(chunk));
  try {
    const [code, signal] = await new Promise((resolve, reject) => {
      child.once('error', (cause) => reject(new SetupError(`${name} could not be started: ${cause.message}`)));
      child.once('close', (...ended) => resolve(ended));
    });
    stoppedBy ??= signal;
    if (stoppedBy !== null)
      throw new SetupError(`${name} was stopped by ${stoppedBy}; the next start begins it again`, 130);
    if (code !== 0)
      throw new SetupError(`${name} failed with code ${code}:\n${excerpt(Buffer.concat(printed).toString())}`);
    return elapsed();
  } finally {
    clearInterval(heartbeat);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** What a tool printed, without the middle where it is long: npm begins with the reason, a compiler ends with it. */
function excerpt(text) {
  const lines = text.trim().split('\n');
  return (lines.length <= 50 ? lines : [...lines.slice(0, 20), '...', ...lines.slice(-25)]).join('\n');
}

function say(text) {
  process.stderr.write(`rzero: ${text}\n`);
}
