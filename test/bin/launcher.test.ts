import assert from 'node:assert/strict';
import { existsSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runNode } from '../support/command-line.js';
import { clone, copyLauncher, folder, GREETING, write } from '../support/small-clone.js';

/**
 * The launcher in small folders that look like a clone and like an installed package. tsc is the real one; npm is not
 * needed, since a lockfile without packages is installed by definition.
 */

const launch = (root: string, ...args: readonly string[]) => runNode([join(root, 'bin/launch.mjs'), ...args]);

test('a clone is built at its first start, and says so on stderr only', async (t) => {
  const { code, stdout, stderr } = await launch(clone(t), 'world', '--flag');
  assert.deepEqual([code, stdout], [0, 'hello world --flag\n']);
  assert.match(stderr, /^rzero: building \(tsc\)\nrzero: built in \d+ s\n$/);
});

test('a second start has nothing to say', async (t) => {
  const root = clone(t);
  await launch(root);
  assert.deepEqual(await launch(root), { code: 0, stdout: 'hello \n', stderr: '' });
});

test('a source that is newer than the build is built in', async (t) => {
  const root = clone(t);
  await launch(root);
  write(root, 'bin/main.ts', GREETING.replace('hello', 'good day'));
  const soon = Date.now() / 1000 + 5; // whatever the file system's clock rounds to
  utimesSync(join(root, 'bin/main.ts'), soon, soon);
  assert.equal((await launch(root)).stdout, 'good day \n');
});

test('what was built from a source that is gone goes too', async (t) => {
  const root = clone(t);
  write(root, 'src/old.ts', 'export const old = 1;\n');
  await launch(root);
  assert.ok(existsSync(join(root, 'dist/src/old.js')));
  rmSync(join(root, 'src/old.ts'));
  utimesSync(join(root, 'src'), Date.now() / 1000 + 5, Date.now() / 1000 + 5);
  await launch(root);
  assert.equal(existsSync(join(root, 'dist/src/old.js')), false);
});

test('a build that fails ends with 1 and what tsc said, and is tried again', async (t) => {
  const root = clone(t);
  write(root, 'bin/main.ts', 'const count: number = "one";\n');
  for (let attempt = 0; attempt < 2; attempt++) {
    const { code, stdout, stderr } = await launch(root);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /tsc failed with code \d+:\nbin\/main.ts.*TS2322/);
  }
});

test('two first starts at once build once, and both run', async (t) => {
  const root = clone(t);
  const both = await Promise.all([launch(root, 'one'), launch(root, 'two')]);
  assert.deepEqual(
    both.map(({ code, stdout }) => [code, stdout]),
    [
      [0, 'hello one\n'],
      [0, 'hello two\n'],
    ],
  );
  const builds = both.filter(({ stderr }) => stderr.includes('building'));
  assert.equal(builds.length, 1);
});

test('the lock of a process that was killed is taken over', async (t) => {
  const root = clone(t);
  const dead = await runNode(['-e', 'process.stdout.write(String(process.pid))']);
  write(root, 'dist/.setup.lock', `${dead.stdout} abc`);
  const { code, stdout } = await launch(root);
  assert.deepEqual([code, stdout], [0, 'hello \n']);
  assert.equal(existsSync(join(root, 'dist/.setup.lock')), false);
});

test('an installed package has no sources and just runs, through a link from another folder', async (t) => {
  const root = folder(t);
  copyLauncher(root);
  write(root, 'package.json', '{"type": "module"}');
  write(root, 'dist/bin/main.js', GREETING);
  const link = join(folder(t), 'rzero');
  symlinkSync(join(root, 'bin/launch.mjs'), link);
  assert.deepEqual(await runNode([link, 'there']), { code: 0, stdout: 'hello there\n', stderr: '' });
});

test('an older Node is told which one is needed', async (t) => {
  const old = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.16.0'})`;
  const { code, stdout, stderr } = await runNode(['--import', old, join(clone(t), 'bin/launch.mjs')]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.equal(stderr, 'rzero: needs Node 20.17 or newer, found 20.16.0; see https://nodejs.org\n');
});
