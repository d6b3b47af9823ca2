import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bounded, boundedFields } from '../../../bin/inspect/bounded.js';

test('a small JSON value is copied as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(text.length < 200);
      assert.equal(JSON.stringify(bounded(value)), text);
    }),
  );
});

test('whatever a value is, its copy is JSON of a bounded size', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
    withSparseArray: true,
    maxDepth: 4,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const text = JSON.stringify(bounded(value));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(bounded(JSON.parse(text)))));
      assert.ok(text.length < 400_000);
    }),
    { numRuns: 200 },
  );
});

test('what is too long, too wide or too deep says what was cut', () => {
  assert.equal(bounded('a'.repeat(1000)), `${'a'.repeat(400)}… (1000 characters)`);
  assert.deepEqual(bounded(Array.from({ length: 1000 }, () => 0)), [
    ...Array.from({ length: 40 }, () => 0),
    '… 960 more',
  ]);
  assert.deepEqual(bounded({ a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }), {
    a: { b: { c: { d: { e: { f: '…' } } } } },
  });
});

test('of ten thousand fields the first ones are copied', () => {
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]));
  const copied = boundedFields(wide);
  assert.equal(Object.keys(copied).length, 41);
  assert.equal(copied['…'], 'and more');
});

test('circles, errors, getters that throw, functions and buffers become text', () => {
  const circle: Record<string, unknown> = { name: 'a' };
  circle['self'] = circle;
  assert.match(JSON.stringify(bounded(circle)), /"…"/);
  assert.deepEqual(bounded(new TypeError('no')), { name: 'TypeError', message: 'no' });
  const trap = {
    get field(): string {
      throw new Error('trap');
    },
  };
  assert.deepEqual(bounded([trap, () => 1, new Float32Array(2), 10n, Number.NaN, undefined]), [
    '(can not be read)',
    '(function)',
    '(8 bytes)',
    '10',
    'NaN',
    null,
  ]);
  assert.deepEqual(boundedFields(trap), {});
});

test('a key that is called __proto__ is a key like others', () => {
  const copied = bounded(JSON.parse('{"__proto__": {"polluted": true}}'));
  assert.equal(JSON.stringify(copied), '{"__proto__":{"polluted":true}}');
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});
