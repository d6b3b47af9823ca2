import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CheckpointError } from '../../src/errors.js';
import { loadTokenizer, specialId } from '../../src/lm/tokenizer.js';

const TINY = 'models/tiny';
const tokenizer = loadTokenizer(TINY);

/** The tokens of a text, each as the text of its own. */
function pieces(text: string): string[] {
  return tokenizer.encode(text).map((id) => tokenizer.decode([id]));
}

test('a number is as many tokens as it has digits', () => {
  assert.deepEqual(pieces('What is 98 plus 45?'), ['What is ', '9', '8', ' plus ', '4', '5', '?']);
});

test('a digit is another token at another place, and the same at the same place', () => {
  const [nine, eight] = tokenizer.encode('98');
  assert.deepEqual(tokenizer.encode('898'), [tokenizer.encode('800')[0], nine, eight]);
  assert.notEqual(tokenizer.encode('9')[0], nine);
});

test('every number from 0 to 999,999 is read back as written', () => {
  for (let n = 0; n < 1_000_000; n += n < 20_000 ? 1 : 83) {
    const ids = tokenizer.encode(String(n));
    assert.equal(ids.length, String(n).length);
    assert.equal(tokenizer.decode(ids), String(n));
  }
});

test('digits above the sixth place stay bare, and the number is still read back', () => {
  const ids = tokenizer.encode('12345678');
  assert.equal(tokenizer.decode(ids), '12345678');
  assert.equal(ids[0], tokenizer.encode('>13₀')[1]); // the bare 1 is the one of a carry
});

test('a working column keeps its marks, its carry has none, and encoding it again changes nothing', () => {
  const columns = '8₀5₀>13₀9₁4₁>14₁';
  const ids = tokenizer.encode(columns);
  assert.equal(ids.length, 10); // two columns of digit, digit, >, carry, digit
  assert.equal(tokenizer.decode(ids), columns);
  assert.deepEqual(tokenizer.encode(tokenizer.decode(ids)), ids);
});

test('a number right after a special token is an ordinary one', () => {
  for (const text of ['<w>9+8=17,17*2=34\\boxed{34}<eos>', '<w>12,45,45\\boxed{45}<eos>']) {
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  }
});

test('a comparison of digits keeps their places', () => {
  for (const text of ['4₂~4₂5₁>3₁', '4₂<5₂']) assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
});

test('special tokens are one token each and are decoded by name', () => {
  const text = '<q>What is 3 times 4?<a>\\boxed{12}<eos>';
  const ids = tokenizer.encode(text);
  assert.equal(ids[0], specialId(tokenizer, '<q>'));
  assert.equal(ids.at(-1), specialId(tokenizer, '<eos>'));
  assert.equal(tokenizer.decode(ids), text);
});

test('a character that the vocabulary does not have is <unk>', () => {
  assert.deepEqual(pieces('1 Ω?'), ['1', ' ', '<unk>', '?']);
});

test('any text encodes to ids of the vocabulary', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
      for (const id of tokenizer.encode(text)) assert.ok(id >= 0 && id < tokenizer.vocabularySize);
    }),
  );
});

test('any ids of the vocabulary decode to the texts of their digits and letters in order', () => {
  const id = fc.integer({ min: 0, max: tokenizer.vocabularySize - 1 });
  const unmarked = (text: string) => text.replace(/[₀-₅]/g, '');
  fc.assert(
    fc.property(fc.array(id), (ids) => {
      const singly = ids.map((one) => tokenizer.decode([one])).join('');
      assert.equal(unmarked(tokenizer.decode(ids)), unmarked(singly));
    }),
  );
});

test('nothing decodes to nothing, and so does an id that only pads the embedding', () => {
  assert.equal(tokenizer.decode([]), '');
  assert.equal(tokenizer.decode([tokenizer.vocabularySize]), '');
});

test('a special token that is not there is named with those that are', () => {
  assert.throws(() => specialId(tokenizer, '<|im_end|>'), {
    name: 'CheckpointError',
    message: /<\|im_end\|>.*<pad>, <eos>/,
  });
});

test('a folder with a missing or malformed file is refused with the name of the file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-tokenizer-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const refused = (message: RegExp) =>
    assert.throws(() => loadTokenizer(folder), { name: CheckpointError.name, message });
  refused(/tokenizer\.json does not exist/);
  writeFileSync(join(folder, 'tokenizer.json'), '{"model": ');
  refused(/tokenizer\.json is not JSON/);
  writeFileSync(join(folder, 'tokenizer.json'), '{"model": {}, "added_tokens": []}');
  refused(/tokenizer\.json is malformed at model\.vocab/);
  copyFileSync(join(TINY, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  refused(/tokenizer_config\.json does not exist/);
});

test('a tokenizer of the byte-level kind, as Qwen3 and Llama have, is read and read back', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-tokenizer-'));
  t.after(() => rmSync(folder, { recursive: true }));
  // 'Ġ' is how that kind writes a space; "ab" is merged, the rest are single bytes.
  const vocab = { a: 0, b: 1, Ġ: 2, '.': 3, ab: 4, Ã: 5, '©': 6 };
  const added = { id: 7, content: '<|end|>', special: true, normalized: false, lstrip: false, rstrip: false };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const definition = {
    added_tokens: [{ ...added, single_word: false }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab, merges: ['a b'] },
  };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(definition));
  writeFileSync(join(folder, 'tokenizer_config.json'), '{"clean_up_tokenization_spaces": true}');
  const other = loadTokenizer(folder);
  assert.equal(other.vocabularySize, 8);
  assert.deepEqual(other.encode('ab .é<|end|>'), [4, 2, 3, 5, 6, 7]);
  assert.equal(other.decode([4, 2, 3, 5, 6, 7]), 'ab .é<|end|>');
});
