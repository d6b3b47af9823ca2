import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { stopTextReached, stopTexts } from '../../src/lm/stop-texts.js';
import { encodeOpened, loadTokenizer, type Tokenizer } from '../../src/lm/tokenizer.js';
import { temporaryFolder } from '../support/temporary.js';

/**
 * Small tokenizers of Llama-2's kind: SentencePiece's BPE with a mark for the space and byte tokens for what the vocabulary
 * has not. The expected ids and texts are those of Hugging Face's Rust library (PyPI's tokenizers 0.23.2) for the same file.
 */

const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const PIECES = [
  '▁',
  'h',
  'e',
  'l',
  'o',
  'w',
  'r',
  'd',
  'é',
  'he',
  'll',
  'hell',
  'hello',
  '▁hello',
  '▁w',
  'or',
  '▁wor',
  'ld',
];
const VOCABULARY = ['<unk>', '<s>', '</s>', ...BYTES, ...PIECES];
const MERGES = ['h e', 'l l', 'he ll', 'hell o', '▁ hello', '▁ w', 'o r', '▁w or', 'l d'];
const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** `metaspace` is how newer files say it: the mark is put before the first word of a text only, not after each special token. */
function definition(kind: 'prepend' | 'metaspace'): object {
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const opening = [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
    normalizer:
      kind === 'prepend' ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] } : null,
    pre_tokenizer:
      kind === 'metaspace' ? { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false } : null,
    post_processor: {
      type: 'TemplateProcessing',
      single: opening,
      pair: [...opening, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(VOCABULARY.map((piece, id) => [piece, id])),
      merges: MERGES,
    },
  };
}

function tokenizerIn(t: { after(release: () => void): void }, kind: 'prepend' | 'metaspace'): Tokenizer {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(definition(kind)));
  writeFileSync(join(folder, 'tokenizer_config.json'), '{"bos_token": "<s>", "eos_token": {"content": "</s>"}}');
  return loadTokenizer(folder);
}
const of = (...pieces: string[]): number[] => pieces.map((piece) => VOCABULARY.indexOf(piece));

const CUT: readonly (readonly [text: string, prepend: number[], metaspace: number[]])[] = [
  ['', [], []],
  [' ', [259, 259], [259]],
  ['hello', [272], [272]],
  ['hello world', [272, 275, 276], [272, 275, 276]],
  [' hello', [259, 272], [272]],
  ['hello  world', [272, 259, 275, 276], [272, 259, 275, 276]],
  ['hé 日', [259, 260, 267, 259, 233, 154, 168], [259, 260, 267, 259, 233, 154, 168]],
  [
    '👩‍👧',
    [259, 243, 162, 148, 172, 229, 131, 144, 243, 162, 148, 170],
    [259, 243, 162, 148, 172, 229, 131, 144, 243, 162, 148, 170],
  ],
  ['<s>hello</s>', [1, 272, 2], [1, 271, 2]],
  ['hello</s> world', [272, 2, 259, 275, 276], [272, 2, 275, 276]],
  ['\n', [259, 13], [259, 13]],
  ['\ufeffhello', [259, 242, 190, 194, 271], [259, 242, 190, 194, 271]],
  ['<0x41>', [259, 63, 51, 123, 55, 52, 65], [259, 63, 51, 123, 55, 52, 65]],
  ['x\u0000y', [259, 123, 3, 124], [259, 123, 3, 124]],
];

for (const [i, kind] of (['prepend', 'metaspace'] as const).entries()) {
  test(`${kind}: texts are cut as Hugging Face's own library cuts them`, (t) => {
    const tokenizer = tokenizerIn(t, kind);
    for (const [text, ...ids] of CUT) assert.deepEqual(tokenizer.encode(text), ids[i], text);
  });

  test(`${kind}: any text without the mark itself is read back`, (t) => {
    const tokenizer = tokenizerIn(t, kind);
    const word = fc.oneof(
      fc.constantFrom('hello', 'world', ' ', '\n', '日本', '👩‍👩‍👧', '\ufeff', '<0x41>'),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        // One space at the beginning is taken for the one that the tokenizer puts there itself.
        const text = `x${words.join('').replaceAll('▁', '')}`.replace(/<\/?s>|<unk>/g, '');
        assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      }),
    );
  });

  test(`${kind}: a text is opened by <s>, once, and ended by </s>`, (t) => {
    const tokenizer = tokenizerIn(t, kind);
    assert.deepEqual(tokenizer.opening, of('<s>'));
    assert.deepEqual(tokenizer.endIds, [2]);
    assert.deepEqual(encodeOpened(tokenizer, 'hello'), of('<s>', '▁hello'));
    assert.deepEqual(encodeOpened(tokenizer, '<s>hello'), tokenizer.encode('<s>hello'));
  });
}

test('bytes that are no UTF-8 are each one replacement character, and a byte order mark is kept', (t) => {
  const tokenizer = tokenizerIn(t, 'metaspace');
  assert.equal(tokenizer.decode(of('<0xE6>', '<0x97>', '<0xA5>')), '日');
  assert.equal(tokenizer.decode(of('<0xE6>', '<0x97>', '<0x41>', 'h')), '\ufffd\ufffd\ufffdh');
  assert.equal(tokenizer.decode(of('<0xEF>', '<0xBB>', '<0xBF>', 'h')), '\ufeffh');
});

test('a stop text is found though its characters are bytes, and its words have marks for spaces', (t) => {
  const tokenizer = tokenizerIn(t, 'metaspace');
  const stops = stopTexts(tokenizer, ['日', 'o wor']);
  assert.equal(stopTextReached(stops, of('▁hello', '<0xE6>', '<0x97>')), false);
  assert.equal(stopTextReached(stops, of('▁hello', '<0xE6>', '<0x97>', '<0xA5>')), true);
  assert.equal(stopTextReached(stops, of('▁hello', '▁wor')), true);
});
