import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { serveDashboard } from '../../../bin/dashboard/serve.js';
import type { LocalServer } from '../../../bin/web/local-server.js';

/** The dashboard of a database on a free port, gone after the test. */
export async function served(t: TestContext, databaseFile: string): Promise<LocalServer> {
  const server = await serveDashboard(databaseFile, { host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  return server;
}

/** What the server answers at an address below /api. @throws when it is no success. */
export async function answer<Answer>({ url }: LocalServer, path: string): Promise<Answer> {
  const response = await fetch(`${url}api/${path}`);
  assert.equal(response.status, 200, path);
  return (await response.json()) as Answer;
}
