import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { encodeQuickly } from '../../src/pretraining/encode.js';
import { VOCABULARY, writeTokenizer } from '../../src/pretraining/vocabulary.js';

const tokenizer = loadTokenizer('models/tiny');

test('the tokenizer files of the embedded model are the ones that the vocabulary writes', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-vocabulary-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeTokenizer(folder);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    assert.equal(readFileSync(join('models/tiny', name), 'utf8'), readFileSync(join(folder, name), 'utf8'));
  }
});

test('no token is there twice', () => {
  assert.equal(new Set(VOCABULARY).size, VOCABULARY.length);
  assert.equal(tokenizer.vocabularySize, VOCABULARY.length);
});

test('quick encoding gives the ids of tokenizer.json for any sequence of its tokens', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...VOCABULARY)), (pieces) => {
      const text = pieces.join('');
      assert.deepEqual(encodeQuickly(text), tokenizer.encode(text));
    }),
    { numRuns: 2000 },
  );
});

test('quick encoding gives the ids of tokenizer.json for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.deepEqual(encodeQuickly(text), tokenizer.encode(text));
    }),
  );
});
