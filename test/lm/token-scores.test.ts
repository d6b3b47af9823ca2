import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../../src/graph/autodiff.js';
import type { Value } from '../../src/graph/node.js';
import { input, mul, sumAll } from '../../src/graph/ops.js';
import { floats, floatsOf, GraphSession, integers } from '../../src/graph/session.js';
import { CHUNK_TOKENS, scoresAtOnce, scoresInChunks } from '../../src/lm/token-scores.js';
import { widthMultiple } from '../../src/lm/train-step.js';
import { Random, stream } from '../../src/random.js';
import { QWEN3 } from '../support/small-models.js';

/** Four rows that are no whole chunks each, and three together. */
const [V, D, B, T] = [50, 6, 4, (3 * CHUNK_TOKENS) / 4];
const random = new Random(stream(1, 'scores'));
const normal = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal());
const FEEDS = {
  hidden: floats(normal(B * T * D), B, T, D),
  table: floats(normal(V * D), V, D),
  targets: integers(
    BigInt64Array.from({ length: B * T }, () => BigInt(random.integer(0, V))),
    B,
    T,
  ),
  weights: floats(normal(B * T), B, T),
};

/** Scores and the gradient of their weighted sum. */
async function run(scores: typeof scoresAtOnce) {
  const [hidden, table] = [input('hidden', ['B', 'T', D]), input('table', [V, D])];
  const { logprobs, entropy } = scores(hidden, table, input('targets', ['B', 'T'], 'int64'));
  const [ofHidden, ofTable] = gradients(sumAll(mul(logprobs, input('weights', ['B', 'T']))), [hidden, table]);
  const outputs = { logprobs, entropy, ofHidden: ofHidden as Value, ofTable: ofTable as Value };
  return (await GraphSession.create(outputs, 'cpu', 1)).run(FEEDS);
}

test('a vocabulary scored in chunks gives the scores, entropies and gradients of the whole', async () => {
  const [whole, chunked] = [await run(scoresAtOnce), await run(scoresInChunks)];
  for (const name of ['logprobs', 'entropy', 'ofHidden', 'ofTable']) {
    const [a, b] = [floatsOf(whole, name), floatsOf(chunked, name)];
    assert.deepEqual(chunked[name]?.dims, whole[name]?.dims);
    const largest = Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));
    assert.ok(largest < 1e-4, `${name} differs by ${largest}`);
    assert.ok(a.some((x) => Math.abs(x) > 0.1));
  }
});

test('rows are padded only so far that they make whole chunks together', () => {
  const large = { ...QWEN3, vocabularySize: 151_936 };
  // 128 tokens a chunk: 4 rows of 32, 3 rows of 128, 6 rows of 64, any number of rows that is a multiple of 128
  assert.deepEqual(
    [1, 3, 4, 6, 128, 256].map((count) => widthMultiple(large, count)),
    [128, 128, 32, 64, 1, 1],
  );
  assert.equal(widthMultiple(QWEN3, 3), 1);
});
