import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../../../bin/inspect/feed.js';

const BOUNDS = { recentCount: 3, slotCount: 2, waitingCount: 4 };

test('who comes late is told the opening, what still holds and the latest things, in the order they were told', async () => {
  const feed = new Feed('opening', BOUNDS);
  feed.set('a', 'a is 1');
  for (let i = 0; i < 20; i++) feed.happen(`event ${i}`);
  feed.set('b', 'b is 1');
  feed.set('a', 'a is 2');
  feed.happen('event 20');
  assert.deepEqual(await feed.open().next(), ['opening', 'event 18', 'event 19', 'b is 1', 'a is 2', 'event 20']);
});

test('of too many slots those set longest ago are forgotten', async () => {
  const feed = new Feed(null, BOUNDS);
  for (const slot of ['a', 'b', 'c']) feed.set(slot, slot);
  assert.deepEqual(await feed.open().next(), ['b', 'c']);
});

test('a reader is woken by what is told next, and gets all of it at once', async () => {
  const feed = new Feed('opening', BOUNDS);
  const reader = feed.open();
  await reader.next();
  const next = reader.next();
  feed.happen('one');
  assert.deepEqual(await next, ['one']);
  feed.happen('two');
  feed.happen('three');
  assert.deepEqual(await reader.next(), ['two', 'three']);
});

test('a reader that is too slow is told everything anew, and nothing is kept for it without bound', async () => {
  const feed = new Feed('opening', BOUNDS);
  const [slow, quick] = [feed.open(), feed.open()];
  await slow.next();
  await quick.next();
  for (let i = 0; i < 100_000; i++) {
    feed.happen(`event ${i}`);
    if (i % 4 === 3) assert.equal((await quick.next())?.length, 4);
  }
  assert.deepEqual(await slow.next(), ['opening', 'event 99997', 'event 99998', 'event 99999']);
});

test('after the end a reader gets what is left and then nothing', async () => {
  const feed = new Feed('opening', BOUNDS);
  const reader = feed.open();
  await reader.next();
  feed.happen('last');
  feed.end();
  assert.deepEqual(await reader.next(), ['last']);
  assert.equal(await reader.next(), null);
  const late = feed.open();
  assert.deepEqual(await late.next(), ['opening', 'last']);
  assert.equal(await late.next(), null);
});

test('a reader that waits is ended, and the feed says when none is left', async () => {
  const feed = new Feed('opening', BOUNDS);
  const reader = feed.open();
  await reader.next();
  const [next, drained] = [reader.next(), feed.drained()];
  feed.end();
  assert.equal(await next, null);
  reader.close();
  await drained;
});
