import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cachedFile, type DownloadSettings } from '../../src/benchmarks/download.js';
import type { HubFile } from '../../src/benchmarks/hub-files.js';
import { type FakeHub, fakeHub } from '../support/fake-hub.js';
import { temporaryFolder } from '../support/temporary.js';

const CONTENT = Buffer.from('{"question": "How many?", "answer": "#### 7"}\n'.repeat(1000));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const GIT_SHA1 = createHash('sha1').update(`blob ${CONTENT.length}\0`).update(CONTENT).digest('hex');
const FILE: HubFile = { repository: 'who/what', revision: 'abc', path: 'data/test.jsonl', sha256: SHA256 };
const UNPINNED: HubFile = { ...FILE, sha256: null };
const PATH = '/datasets/who/what/resolve/abc/data/test.jsonl';

function settings(t: TestContext, hub: FakeHub | string): DownloadSettings {
  return {
    hub: typeof hub === 'string' ? hub : hub.url,
    cacheFolder: temporaryFolder(t),
    signal: new AbortController().signal,
    onProgress: () => {},
  };
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

test('a file is downloaded once and then found in the cache', async (t) => {
  const hub = await fakeHub(t, (_, response) => response.end(CONTENT));
  const place = settings(t, hub);
  const path = await cachedFile(FILE, place);
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.equal(await cachedFile(FILE, place), path);
  assert.deepEqual(hub.asked, [PATH]);
  assert.deepEqual(filesIn(place.cacheFolder), ['test.jsonl']);
});

test('progress is told while the file comes, and ends with all bytes', async (t) => {
  let sendRest = (): void => {};
  const hub = await fakeHub(t, (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, 100));
    sendRest = () => response.end(CONTENT.subarray(100));
  });
  const seen: [number, number | null][] = [];
  const onProgress = (done: number, total: number | null): void => {
    if (seen.push([done, total]) === 1) sendRest();
  };
  await cachedFile(FILE, { ...settings(t, hub), onProgress });
  assert.deepEqual(seen[0], [100, CONTENT.length]);
  assert.deepEqual(seen.at(-1), [CONTENT.length, CONTENT.length]);
});

test('a redirection to another host is followed', async (t) => {
  const store = await fakeHub(t, (_, response) => response.end(CONTENT));
  const hub = await fakeHub(t, (_, response) => {
    response.writeHead(302, { location: `${store.url}/blob?key=1`, 'x-linked-etag': `"${SHA256}"` }).end();
  });
  assert.deepEqual(readFileSync(await cachedFile(UNPINNED, settings(t, hub))), CONTENT);
  assert.deepEqual(store.asked, ['/blob?key=1']);
});

test('what ends too early is not kept', async (t) => {
  const hub = await fakeHub(t, (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, 500), () => response.destroy());
  });
  const place = settings(t, hub);
  await assert.rejects(cachedFile(FILE, place), { name: 'ServerError', message: /not kept, try again/ });
  assert.deepEqual(filesIn(place.cacheFolder), []);
});

test('what is not the pinned file is not kept, and the message names both checksums', async (t) => {
  const hub = await fakeHub(t, (_, response) => response.end('<html>Please log in</html>'));
  const place = settings(t, hub);
  await assert.rejects(cachedFile(FILE, place), (error: Error) => {
    assert.equal(error.name, 'BenchmarkFileError');
    assert.match(error.message, new RegExp(`is not the file that was expected .*expected ${SHA256}.*not kept`));
    return true;
  });
  assert.deepEqual(filesIn(place.cacheFolder), []);
});

for (const [what, tag] of [
  ['SHA-256 of a large file', SHA256],
  ["git's SHA-1 of a small one", GIT_SHA1],
]) {
  test(`an unpinned file is held to the hub's own checksum: the ${what}`, async (t) => {
    const right = await fakeHub(t, (_, response) => response.writeHead(200, { etag: `"${tag}"` }).end(CONTENT));
    assert.ok(existsSync(await cachedFile(UNPINNED, settings(t, right))));
    const wrong = await fakeHub(t, (_, response) => response.writeHead(200, { etag: `"${tag}"` }).end('{}'));
    const place = settings(t, wrong);
    await assert.rejects(cachedFile(UNPINNED, place), /is not the file that was expected/);
    assert.deepEqual(filesIn(place.cacheFolder), []);
  });
}

test('a cached file that was changed is refused', async (t) => {
  const hub = await fakeHub(t, (_, response) => response.end(CONTENT));
  const place = settings(t, hub);
  const path = await cachedFile(FILE, place);
  writeFileSync(path, 'other');
  await assert.rejects(cachedFile(FILE, place), /has been changed since it was downloaded/);
});

for (const [status, message] of [
  [404, /the hub has no http.*bring the file as NAME=FILE/],
  [401, /to nobody without a key \(401\)/],
  [429, /asked too often/],
  [503, /answers .* with 503/],
] as const) {
  test(`a hub that answers ${status} is told in one sentence`, async (t) => {
    const hub = await fakeHub(t, (_, response) => response.writeHead(status).end('no'));
    await assert.rejects(cachedFile(FILE, settings(t, hub)), { name: 'ServerError', message });
  });
}

test('a circle of redirections ends', async (t) => {
  const hub = await fakeHub(t, (request, response) => response.writeHead(302, { location: `${request.url}` }).end());
  await assert.rejects(cachedFile(FILE, settings(t, hub)), /without end/);
});

test('a hub that nobody listens at is told with its address', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(cachedFile(FILE, settings(t, `http://127.0.0.1:${port}`)), {
    name: 'ServerError',
    message: new RegExp(`http://127\\.0\\.0\\.1:${port} can't be reached`),
  });
});

test('an interrupted download is not kept', async (t) => {
  const stop = new AbortController();
  const hub = await fakeHub(t, (_, response) => {
    response.write(CONTENT.subarray(0, 100));
    setImmediate(() => stop.abort());
  });
  const place = { ...settings(t, hub), signal: stop.signal };
  await assert.rejects(cachedFile(FILE, place), { name: 'Interrupted' });
  assert.deepEqual(filesIn(join(place.cacheFolder)), []);
});
