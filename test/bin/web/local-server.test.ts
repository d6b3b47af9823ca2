import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { type LocalServer, openServer, type Place } from '../../../bin/web/local-server.js';
import { UsageError } from '../../../src/errors.js';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

function pages(): Hono {
  const app = new Hono();
  app.get('/secret', (context) => context.text('what the run is doing'));
  app.get('/broken', () => {
    throw new Error('a fault of ours with /a/path in it');
  });
  app.get('/stream', (context) =>
    streamSSE(context, async (stream) => {
      await stream.writeSSE({ data: 'first' });
      await new Promise((resolve) => stream.onAbort(() => resolve(null)));
    }),
  );
  return app;
}

async function serve(t: TestContext, place: Place = LOOPBACK): Promise<LocalServer & { readonly faults: Error[] }> {
  const faults: Error[] = [];
  const server = await openServer(pages(), place, (error) => faults.push(error));
  t.after(() => server.close());
  return { ...server, faults };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** `fetch` may not set Host, so this asks by node:http. */
function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text, headers: incoming.headers }));
    });
    outgoing.on('error', reject).end();
  });
}

test('a page is given to a browser on this machine, and may load nothing from elsewhere', async (t) => {
  const { url } = await serve(t);
  const { status, text, headers } = await ask(`${url}secret`);
  assert.deepEqual([status, text], [200, 'what the run is doing']);
  assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self'/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('nothing can be changed through a page', async (t) => {
  const { url } = await serve(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    assert.equal((await ask(`${url}secret`, {}, method)).status, 405);
});

test('a site that points its own name at the loopback address reads nothing', async (t) => {
  const { url } = await serve(t);
  for (const host of [
    'evil.example',
    'evil.example:4477',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ])
    assert.equal((await ask(`${url}secret`, { host })).status, 403, host);
  for (const host of ['localhost', 'localhost:9000', '127.0.0.1:1', '[::1]:4477', 'LOCALHOST'])
    assert.equal((await ask(`${url}secret`, { host })).status, 200, host);
});

test('another site may link to a page and not read it', async (t) => {
  const { url } = await serve(t);
  const { host } = new URL(url);
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await ask(`${url}secret`, headers)).status;
  assert.equal(await status({ origin: 'https://evil.example' }), 403);
  assert.equal(await status({ origin: 'http://localhost:1234' }), 403);
  assert.equal(await status({ origin: 'null' }), 403);
  assert.equal(await status({ origin: `http://${host}` }), 200);
  assert.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403);
  assert.equal(
    await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }),
    403,
  );
  assert.equal(
    await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }),
    200,
  );
});

test('a server that others can reach asks for the token in its address, once', async (t) => {
  const { url } = await serve(t, { host: '0.0.0.0', port: 0 });
  const { origin, port, searchParams } = new URL(url);
  const token = searchParams.get('token') ?? '';
  assert.ok(token.length >= 24);
  const secret = `${origin}/secret`;
  assert.equal((await ask(secret)).status, 401);
  assert.equal((await ask(`${secret}?token=${token.slice(1)}a`)).status, 401);
  assert.equal((await ask(secret, { cookie: `rzero-${port}=guess` })).status, 401);
  const welcomed = await ask(`${secret}?token=${token}&run=r1`);
  assert.deepEqual([welcomed.status, welcomed.headers['location']], [302, '/secret?run=r1']);
  const cookie = String(welcomed.headers['set-cookie']).split(';')[0] ?? '';
  assert.equal((await ask(secret, { cookie })).status, 200);
  assert.equal((await ask(secret, { authorization: `Bearer ${token}` })).status, 200);
});

test('a fault of a page is told to the terminal and not to the browser', async (t) => {
  const { url, faults } = await serve(t);
  const { status, text } = await ask(`${url}broken`);
  assert.equal(status, 500);
  assert.doesNotMatch(text, /path/);
  assert.match(faults[0]?.message ?? '', /a fault of ours/);
});

test('a taken port is refused by its number, unless none was asked for', async (t) => {
  const { url } = await serve(t);
  const port = Number(new URL(url).port);
  await assert.rejects(
    openServer(pages(), { host: '127.0.0.1', port }, () => {}),
    (error) => error instanceof UsageError && error.message.includes(`127.0.0.1:${port}: the port is taken`),
  );
  const usual = await serve(t, { host: '127.0.0.1', port: null });
  const other = await serve(t, { host: '127.0.0.1', port: null });
  assert.notEqual(usual.url, other.url);
});

test('an address that is not of this machine is refused', async () => {
  await assert.rejects(
    openServer(pages(), { host: '203.0.113.7', port: 0 }, () => {}),
    /203\.0\.113\.7:0: this machine has no such address/,
  );
});

test('a port beyond all ports is refused', async () => {
  await assert.rejects(
    openServer(pages(), { host: '127.0.0.1', port: 70_000 }, () => {}),
    (error) => error instanceof UsageError && error.message.includes('70000: a port is a number up to 65535'),
  );
});

test('closing ends streams that are under way', async () => {
  const server = await openServer(pages(), LOOPBACK, () => {});
  const response = await fetch(`${server.url}stream`);
  const reader = response.body?.getReader();
  assert.match(new TextDecoder().decode((await reader?.read())?.value), /data: first/);
  await server.close();
  await assert.rejects(async () => {
    while (!(await reader?.read())?.done);
    throw new Error('the stream came to its end');
  });
});
