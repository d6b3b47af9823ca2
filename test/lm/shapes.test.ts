import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArchitecture } from '../../src/lm/architecture.js';
import { loadArchitecture } from '../../src/lm/checkpoint.js';
import { SHAPES } from '../../src/lm/shapes.js';
import { LLAMA32_1B, QWEN3_4B } from '../support/published-configs.js';

test('the shape called tiny is the embedded model', () => {
  const folder = fileURLToPath(new URL('../../../models/tiny', import.meta.url)); // from dist/test/lm
  assert.deepEqual(SHAPES.tiny, loadArchitecture(folder));
});

test('shapes named after published models are theirs', () => {
  assert.deepEqual(SHAPES['qwen3-4b'], parseArchitecture(QWEN3_4B, 'config.json'));
  assert.deepEqual(SHAPES['llama-3.2-1b'], parseArchitecture(LLAMA32_1B, 'config.json'));
});
