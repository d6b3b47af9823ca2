import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadArchitecture } from '../../src/lm/checkpoint.js';
import { SHAPES } from '../../src/lm/shapes.js';

test('the shape called tiny is the embedded model', () => {
  const folder = fileURLToPath(new URL('../../../models/tiny', import.meta.url)); // from dist/test/lm
  assert.deepEqual(SHAPES.tiny, loadArchitecture(folder));
});
