import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { WebSocket } from 'ws';
import { createActor } from 'xstate';
import { Feed } from '../../../bin/inspect/feed.js';
import { type Inspector, openInspector } from '../../../bin/inspect/inspector.js';
import { inspectorPages } from '../../../bin/inspect/pages.js';
import { openServer } from '../../../bin/web/local-server.js';
import { createSupervisor } from '../../../machines/supervisor.js';
import { FakeWork, SHORT_PLAN } from '../../support/fake-work.js';

const PLACE = { host: '127.0.0.1', port: 0 };
async function inspectorOf(t: TestContext, place = PLACE): Promise<Inspector & { readonly faults: readonly string[] }> {
  const faults: string[] = [];
  const inspector = await openInspector(place, '1.2.3', (text) => faults.push(text));
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await inspector.close();
    isOpen = false;
  };
  t.after(close);
  return { ...inspector, close, faults };
}

/** A run whose work waits for the test, watched. */
function watchedRun(inspector: Inspector) {
  const work = new FakeWork();
  const supervisor = createActor(createSupervisor(work), {
    input: SHORT_PLAN,
    inspect: inspector.watcher.onInspection,
  });
  supervisor.start();
  const advance = async (): Promise<void> => {
    work.pending[0]?.complete();
    await turn();
  };
  return { supervisor, advance };
}

async function* messagesAt(url: string): AsyncGenerator<Record<string, unknown>> {
  const { body } = await fetch(url);
  let text = '';
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const lines = text.split('\n\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line.slice('data: '.length));
  }
}

test('a page that comes late hears of all actors, then what happens, then the end', async (t) => {
  const inspector = await inspectorOf(t);
  const { advance } = watchedRun(inspector);
  const heard: Record<string, unknown>[] = [];
  const states = (): unknown[] => heard.filter(({ kind, path }) => kind === 'state' && path === 'supervisor/evaluator');
  for await (const message of messagesAt(`${inspector.url}/events`)) {
    heard.push(message);
    if (states().length === 1 && message['path'] === 'supervisor') await advance();
    if (states().length === 2) void inspector.close();
  }
  assert.equal(heard[0]?.['kind'], 'opening');
  assert.deepEqual(
    heard.filter(({ chart }) => chart !== undefined && chart !== null).map(({ path }) => path),
    ['supervisor', 'supervisor/challenger', 'supervisor/solver', 'supervisor/evaluator'],
  );
  assert.equal(heard.at(-1)?.['kind'], 'ended');
});

test('a receiver of @statelyai/inspect gets the run in its own format, wherever it comes in', async (t) => {
  const inspector = await inspectorOf(t);
  const { advance } = watchedRun(inspector);
  await advance();
  const events: StatelyInspectionEvent[] = [];
  const receiver = createWebSocketReceiver({ server: `${inspector.statelyUrl}/events`.replace('http:', 'ws:') });
  await new Promise<void>((resolve) => {
    receiver.subscribe((event) => {
      events.push(event);
      if (event.type === '@xstate.event' && event.event.type === 'questions.written') resolve();
      else if (event.type === '@xstate.actor' && event.name === 'challenger') void advance();
    });
  });
  const actors = events.filter((event) => event.type === '@xstate.actor');
  const [supervisor] = actors;
  assert.ok(supervisor !== undefined);
  const byName = Object.fromEntries(actors.map((actor) => [actor.name, actor]));
  for (const name of ['supervisor', 'challenger', 'solver', 'evaluator', 'rollOut']) assert.ok(name in byName, name);
  assert.equal(JSON.parse(byName['solver']?.definition ?? '').id, 'solver');
  assert.equal(byName['solver']?.parentId, supervisor.sessionId);
  assert.deepEqual(byName['supervisor']?.snapshot.value, { running: { phase: 'trainingChallenger', pace: 'going' } });
  for (const event of events) {
    assert.equal(event.rootId, supervisor.sessionId);
    assert.equal(typeof event._version, 'string');
  }
  const written = events.find((event) => event.type === '@xstate.event' && event.event.type === 'questions.written');
  assert.ok(written?.type === '@xstate.event');
  assert.equal(written.sourceId, byName['challenger']?.sessionId);
  assert.equal(written.event['questionCount'], 10);
  const state = events.find((event) => event.type === '@xstate.snapshot' && event.sessionId === written.sourceId);
  assert.ok(state?.type === '@xstate.snapshot');
});

test('a page of another site can not connect to what Stately is told', async (t) => {
  const inspector = await inspectorOf(t);
  const url = `${inspector.statelyUrl}/events`.replace('http:', 'ws:');
  const refused = async (headers: Record<string, string>): Promise<string> => {
    const [error] = await once(new WebSocket(url, { headers }), 'error');
    return String(error);
  };
  assert.match(await refused({ origin: 'https://evil.example' }), /403/);
  assert.match(await refused({ host: 'evil.example' }), /403/);
  const own = new WebSocket(url, { headers: { origin: new URL(inspector.url).origin } });
  await once(own, 'open');
  own.terminate();
});

test('where others can reach it, pages and connections ask for the token', async (t) => {
  const inspector = await inspectorOf(t, { host: '0.0.0.0', port: 0 });
  const { origin, host } = new URL(inspector.url);
  assert.equal((await fetch(`${origin}/inspect/events`)).status, 401);
  const [refused] = await once(new WebSocket(`ws://${host}/inspect/stately/events`), 'error');
  assert.match(String(refused), /401/);
  const welcomed = await fetch(inspector.statelyUrl, { redirect: 'manual' });
  assert.equal(welcomed.headers.get('location'), '/inspect/stately');
  const cookie = welcomed.headers.get('set-cookie')?.split(';')[0] ?? '';
  const own = new WebSocket(`ws://${host}/inspect/stately/events`, { headers: { cookie } });
  await once(own, 'open');
  own.terminate();
});

test("only the page around Stately's inspector may frame another site, and only that one", async (t) => {
  const inspector = await inspectorOf(t);
  const policy = async (url: string): Promise<string> =>
    (await fetch(url)).headers.get('content-security-policy') ?? '';
  assert.match(await policy(inspector.url), /frame-src 'none'/);
  assert.match(await policy(inspector.statelyUrl), /frame-src https:\/\/stately\.ai;/);
  assert.match(await policy(inspector.statelyUrl), /default-src 'none'; script-src 'self'/);
});

test('a page that does not read costs a bounded memory, and is told everything anew when it reads', async (t) => {
  const feed = new Feed('{"kind":"opening"}');
  const pages = inspectorPages(feed, () => Promise.reject(new Error('not asked for')));
  const server = await openServer(pages, PLACE, (error) => assert.ifError(error));
  t.after(() => server.close());
  const asked = request(`${server.url}inspect/events`, { agent: false }).end();
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  response.pause();
  const text = JSON.stringify({ kind: 'event', filling: 'x'.repeat(1000) });
  for (let i = 0; i < 100_000; i++) {
    feed.happen(text);
    if (i % 1000 === 0) await turn();
  }
  feed.end();
  let [openings, length] = [0, 0];
  for await (const piece of response.setEncoding('utf8')) {
    openings += String(piece).split('"opening"').length - 1;
    length += String(piece).length;
  }
  assert.ok(openings >= 2, String(openings));
  assert.ok(length < 20_000 * text.length, String(length)); // of 100,000: what stood in sockets, and replays
});

test('a fault in watching is told once, and what is watched goes on', async (t) => {
  const inspector = await inspectorOf(t);
  const broken = {
    get worker(): string {
      throw new Error('no such worker');
    },
    task: 'generate',
    startedMs: 0,
    endedMs: 1,
  };
  inspector.watcher.onTask(broken);
  inspector.watcher.onTask(broken);
  assert.deepEqual(inspector.faults, ['the inspector has stopped watching, the run goes on: Error: no such worker']);
  const { supervisor } = watchedRun(inspector);
  assert.equal(supervisor.getSnapshot().status, 'active');
});

test('no more pages than there is room for may read at once', async (t) => {
  const inspector = await inspectorOf(t);
  const pages = await Promise.all(Array.from({ length: 21 }, () => fetch(`${inspector.url}/events`)));
  assert.deepEqual(
    pages.map(({ status }) => status).filter((status) => status !== 200),
    [503],
  );
  const [code] = await once(new WebSocket(`${inspector.statelyUrl}/events`.replace('http:', 'ws:')), 'close');
  assert.equal(code, 1013);
});
