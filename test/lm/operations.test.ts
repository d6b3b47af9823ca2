import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeOperations, trainOperations } from '../../src/lm/operations.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { QWEN3 } from '../support/small-models.js';

test('a token costs two operations for each weight it passes, and four for each key and query dimension it looks at', () => {
  const { size } = parameterLayout(QWEN3);
  assert.equal(decodeOperations(QWEN3, 0), 2 * size);
  // 2 layers × 4 heads of 6 dimensions, for scores and for mixing, of 10 tokens: 2 · 2 · 2 · 24 · 10
  assert.equal(decodeOperations(QWEN3, 10) - decodeOperations(QWEN3, 0), 1920);
});

test('an embedding that is only looked up is not multiplied', () => {
  const untied = { ...QWEN3, tiedEmbeddings: false };
  assert.equal(decodeOperations(untied, 0), decodeOperations(QWEN3, 0));
});

test('training costs three forward passes that see half of the sequence', () => {
  assert.equal(trainOperations(QWEN3, 20, false), 3 * decodeOperations(QWEN3, 10));
  assert.equal(trainOperations(QWEN3, 20, true), 2 * decodeOperations(QWEN3, 10)); // no gradient of the weights
});
