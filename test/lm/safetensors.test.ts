import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CheckpointError } from '../../src/errors.js';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../src/lm/safetensors.js';

const tensor: fc.Arbitrary<NamedTensor> = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, dim) => product * dim, 1);
  return fc.float32Array({ minLength: length, maxLength: length }).map((data) => ({ shape, data }));
});
const tensors = fc
  .dictionary(
    fc.string().filter((name) => name !== '__metadata__'),
    tensor,
    { maxKeys: 5, noNullPrototype: true },
  )
  .map((record) => new Map(Object.entries(record)));

const bytesOf = ({ data }: NamedTensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** A file with any header text, then `payload`. */
function file(header: string, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + payload.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(payload, 8 + json.length);
  return bytes;
}

/** Decodes, and holds that nothing but a CheckpointError that names the file is thrown. */
function decodesOrComplains(bytes: Uint8Array): void {
  try {
    decodeSafetensors(bytes, 'some.safetensors');
  } catch (error) {
    assert.ok(error instanceof CheckpointError, `${String(error)} is a CheckpointError`);
    assert.match(error.message, /^some\.safetensors/);
  }
}

test('tensors come back with their names, shapes and every bit', () => {
  fc.assert(
    fc.property(tensors, (map) => {
      const back = decodeSafetensors(encodeSafetensors(map), 'x');
      assert.deepEqual([...back.keys()].sort(), [...map.keys()].sort());
      for (const [name, original] of map) {
        const found = back.get(name);
        assert.ok(found !== undefined);
        assert.deepEqual(found.shape, original.shape);
        assert.deepEqual(bytesOf(found), bytesOf(original)); // as bytes: NaN has many of them
      }
    }),
  );
});

test('a file read at an odd place in memory is the same', () => {
  const map = new Map([['a', { shape: [3], data: Float32Array.of(1.5, -2, 3e-30) }]]);
  const bytes = encodeSafetensors(map);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.deepEqual(decodeSafetensors(shifted.subarray(1), 'x').get('a'), map.get('a'));
});

test('data begins at a multiple of eight, and metadata is kept apart from tensors', () => {
  const map = new Map([['a', { shape: [1], data: Float32Array.of(1) }]]);
  const bytes = encodeSafetensors(map, { note: 'made by hand' });
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(headerBytes % 8, 0);
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
  assert.deepEqual(header, {
    __metadata__: { format: 'pt', note: 'made by hand' },
    a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
  });
  assert.deepEqual([...decodeSafetensors(bytes, 'x').keys()], ['a']);
});

test('a file of random bytes is refused, never misread', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodesOrComplains));
});

test('a file with a random JSON header is refused, never misread', () => {
  fc.assert(
    fc.property(fc.json(), fc.uint8Array({ maxLength: 20 }), (header, payload) =>
      decodesOrComplains(file(header, payload)),
    ),
  );
});

test('a file with a random entry for a tensor is refused, never misread', () => {
  const value = fc.oneof(fc.jsonValue(), fc.array(fc.integer({ min: -2, max: 9 }), { maxLength: 3 }));
  const entry = fc.record({ dtype: fc.oneof(fc.constant('F32'), value), shape: value, data_offsets: value });
  fc.assert(
    fc.property(fc.oneof(entry, value), fc.uint8Array({ maxLength: 20 }), (a, payload) =>
      decodesOrComplains(file(JSON.stringify({ a }), payload)),
    ),
  );
});

test('a whole file cut anywhere is refused', () => {
  const whole = encodeSafetensors(new Map([['a', { shape: [2, 3], data: new Float32Array(6) }]]));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeSafetensors(whole.subarray(0, length), 'x'), CheckpointError, `${length} bytes`);
  }
});

for (const [fault, header, message] of [
  ['a header that is not JSON', '{"a": ', /its header is not JSON/],
  ['a header that is a list', '[1]', /its header is not an object/],
  ['a header that is null', 'null', /its header is not an object/],
  ['a tensor that is null', '{"a": null}', /tensor a has no/],
  [
    'integers in place of weights',
    '{"a": {"dtype": "I32", "shape": [], "data_offsets": [0, 4]}}',
    /a has type I32; weights are read as F32, F16 or BF16/,
  ],
  ['an unknown type', '{"a": {"dtype": "F12", "shape": [], "data_offsets": [0, 4]}}', /a has the unknown type F12/],
  [
    'tensors over each other',
    '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F16", "shape": [1], "data_offsets": [2, 4]}}',
    /a and b lie over each other/,
  ],
  ['a shape of another size', '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', /a lies outside/],
  ['a tensor past the end', '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}', /a lies outside/],
  ['a negative place', '{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}', /a has no shape or place/],
] as const) {
  test(`${fault}: the error names it`, () => {
    assert.throws(
      () => decodeSafetensors(file(header, new Uint8Array(8)), 'some.safetensors'),
      (error) => error instanceof CheckpointError && message.test(error.message),
    );
  });
}
