import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { MAIN } from '../../actors/support.js';
import { database, temporaryFolder } from '../../storage/support.js';
import { rzero } from '../../support/command-line.js';

/** `rzero dashboard` as a process of its own. */

test('the dashboard prints its address, answers there while another process has the database, and ends with Ctrl-C', async (t) => {
  const db = database(t, 'rmine'); // open for writing all the while
  const child = spawn(process.execPath, [MAIN, 'dashboard', '--db', db.path, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const address = /^dashboard of .* at (http:\/\/127\.0\.0\.1:\d+\/)$/.exec(line)?.[1];
  assert.ok(address !== undefined, line);
  assert.equal((await fetch(address)).status, 200);
  assert.match(await (await fetch(`${address}api/runs`)).text(), /"rmine"/);
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
});

test('elsewhere than on this machine the address carries a token, without which nothing is told', async (t) => {
  const db = database(t, 'rmine');
  const child = spawn(process.execPath, [MAIN, 'dashboard', '--db', db.path, '--port', '0', '--host', '0.0.0.0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [, origin = '', token = ''] = /at (http:\/\/localhost:\d+)\/\?token=(\S+)$/.exec(line) ?? [];
  assert.equal((await fetch(`${origin}/api/runs`)).status, 401);
  const response = await fetch(`${origin}/api/runs`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200);
});

async function busyPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('what the dashboard can not be served from is told in one sentence', async (t) => {
  const folder = temporaryFolder(t);
  const [text, newer] = [join(folder, 'notes.txt'), join(folder, 'newer.db')];
  writeFileSync(text, 'not a database, but long enough to be looked at as one by SQLite');
  const sqlite = new Sqlite(newer);
  sqlite.pragma(`application_id = ${0x727a3064}`);
  sqlite.pragma('user_version = 999');
  sqlite.close();
  const port = await busyPort(t);
  const cases = [
    [['--db', join(folder, 'none.db')], 1, /there is no database at .*none\.db; `rzero run` makes one/],
    [['--db', text], 1, /notes\.txt is not a database/],
    [['--db', newer], 1, /newer than this rzero/],
    [['--db', database(t).path, '--port', String(port)], 2, /the port is taken; name another one with --port/],
    [['--db', database(t).path, '--port', 'x'], 2, /Expected a whole number from 0 to 65535/],
    [['--db', database(t).path, '--host', '203.0.113.1', '--port', '0'], 2, /this machine has no such address/],
  ] as const;
  for (const [args, code, sentence] of cases) {
    const printed = await rzero(['dashboard', '--no-open', ...args]);
    assert.equal(printed.code, code, printed.stderr);
    assert.match(printed.stderr, sentence);
    assert.equal(printed.stderr.trim().split('\n').length, 1);
  }
});
