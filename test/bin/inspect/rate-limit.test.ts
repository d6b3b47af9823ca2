import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from '../../../bin/inspect/rate-limit.js';

/** Offers so many numbered items of a kind, and notes what passed as `kind number +skipped`. */
function flood(limit: RateLimit, passed: string[], kind: string, count: number, perSecond = 3): void {
  for (let i = 0; i < count; i++)
    limit.offer(kind, perSecond, (skipped) => passed.push(`${kind} ${i}${skipped === 0 ? '' : ` +${skipped}`}`));
}

test('of a flood the first ones pass, and the last one when the second is over, with the count of those between', () => {
  const [limit, passed] = [new RateLimit(100), [] as string[]];
  flood(limit, passed, 'a', 1000);
  assert.deepEqual(passed, ['a 0', 'a 1', 'a 2']);
  limit.flush();
  assert.deepEqual(passed.slice(3), ['a 999 +996']);
});

test('a flood of one kind does not hold another back', () => {
  const [limit, passed] = [new RateLimit(100), [] as string[]];
  flood(limit, passed, 'a', 1000);
  flood(limit, passed, 'b', 2);
  assert.deepEqual(passed.slice(3), ['b 0', 'b 1']);
});

test('a flood of kinds is held as well, and of too many the oldest are given up', () => {
  const [limit, passed] = [new RateLimit(5), [] as string[]];
  for (let i = 0; i < 10_000; i++) flood(limit, passed, `kind${i}`, 1);
  assert.equal(passed.length, 5);
  limit.flush();
  assert.equal(passed.length, 5 + 1000);
  assert.equal(passed.at(-1), 'kind9999 0');
});

test('the next second begins anew', () => {
  const [limit, passed] = [new RateLimit(100), [] as string[]];
  flood(limit, passed, 'a', 4, 1);
  limit.flush();
  flood(limit, passed, 'a', 1, 1);
  assert.deepEqual(passed, ['a 0', 'a 3 +2', 'a 0']);
});

test('the second ends by itself', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [limit, passed] = [new RateLimit(100), [] as string[]];
  flood(limit, passed, 'a', 5, 1);
  t.mock.timers.tick(1000);
  assert.deepEqual(passed, ['a 0', 'a 4 +3']);
});
