import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpecialIds, parseTokenizerFile, parseTokenizerSettings } from '../../src/export/tokenizer-file.js';
import { tokenizerVocabulary } from '../../src/export/tokenizer-vocabulary.js';

const QWEN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
const cutBy = (pattern: string): object => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' }, BYTE_LEVEL],
});

/** A byte-level tokenizer of four tokens, with changes. */
function tokenizerWith(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
    added_tokens: [
      { id: 3, content: '<end>', special: true },
      { id: 4, content: '<tool>', special: false },
    ],
    pre_tokenizer: cutBy(QWEN),
    ...changes,
  };
}

function vocabularyOf(tokenizer: object, settings: object = {}, ids: object = {}, size = 8) {
  return tokenizerVocabulary(
    {
      tokenizer: parseTokenizerFile(tokenizer, 'tokenizer.json'),
      settings: parseTokenizerSettings(settings, 'tokenizer_config.json'),
      ids: parseSpecialIds(ids, 'config.json'),
    },
    size,
  );
}

test('special tokens are control tokens, other added ones user-defined, the rest normal', () => {
  const { vocabulary, news } = vocabularyOf(tokenizerWith({}));
  assert.deepEqual(
    vocabulary.tokens.map((token) => [token?.text, token?.type]),
    [
      ['a', 'normal'],
      ['b', 'normal'],
      ['ab', 'normal'],
      ['<end>', 'control'],
      ['<tool>', 'userDefined'],
    ],
  );
  assert.deepEqual([vocabulary.model, vocabulary.preTokenizer, news], ['gpt2', 'qwen2', []]);
});

test('merges are the same in both spellings of tokenizer.json', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] };
  assert.deepEqual(vocabularyOf(tokenizerWith({ model })).vocabulary.merges, ['a b']);
});

test('how text is cut has a name only where every part of it is what llama.cpp does', () => {
  const ignoring = { type: 'BPE', vocab: { a: 0 }, merges: [], ignore_merges: true };
  const three = QWEN.replace('|\\p{N}|', '|\\p{N}{1,3}|');
  for (const [changes, name] of [
    [{}, 'qwen2'],
    [{ model: ignoring, pre_tokenizer: cutBy(three) }, 'llama-bpe'],
    [{ pre_tokenizer: { ...BYTE_LEVEL, use_regex: true } }, 'gpt-2'],
    [{ pre_tokenizer: cutBy(three) }, null], // with merges looked at
    [{ model: ignoring }, null],
    [{ pre_tokenizer: cutBy('\\d+') }, null],
    [{ pre_tokenizer: { ...BYTE_LEVEL, use_regex: true, add_prefix_space: true } }, null],
    [{ pre_tokenizer: { ...BYTE_LEVEL } }, null],
  ] as const) {
    const { vocabulary, news } = vocabularyOf(tokenizerWith(changes));
    assert.equal(vocabulary.preTokenizer, name ?? 'default', JSON.stringify(changes));
    assert.equal(news.length, name === null ? 1 : 0);
  }
});

test("special ids are the tokenizer's own, then the model's, then one that no text has", () => {
  const special = (settings: object, ids: object) => vocabularyOf(tokenizerWith({}), settings, ids).vocabulary.special;
  assert.equal(special({ eos_token: '<end>' }, { eos_token_id: 1 }).eos, 3);
  assert.equal(special({ eos_token: { content: '<end>' } }, {}).eos, 3);
  assert.equal(special({}, { eos_token_id: [2, 1] }).eos, 2);
  assert.equal(special({}, { eos_token_id: 99 }).eos, 3); // beyond the model: the control token
  assert.deepEqual(special({ pad_token: '<tool>' }, {}), { bos: 4, eos: 4, unknown: null, padding: 4 });
});

test('a text begins with bos where the settings or the template say so', () => {
  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<end>' } }, { Sequence: { id: 'A' } }],
  };
  const sequence = { type: 'Sequence', processors: [BYTE_LEVEL, template] };
  const adds = (changes: object, settings: object): boolean =>
    vocabularyOf(tokenizerWith({ ...changes }), settings).vocabulary.addBos;
  assert.equal(adds({}, {}), false);
  assert.equal(adds({ post_processor: sequence }, {}), true);
  assert.equal(adds({ post_processor: sequence }, { add_bos_token: false }), false);
  assert.equal(adds({}, { add_bos_token: true }), true);
});

test('of several chat templates the default one is taken', () => {
  const named = (...names: string[]) => names.map((name) => ({ name, template: `template of ${name}` }));
  const template = (chat_template: unknown) =>
    vocabularyOf(tokenizerWith({}), { chat_template }).vocabulary.chatTemplate;
  assert.equal(template('{{ x }}'), '{{ x }}');
  assert.equal(template(named('tools', 'default')), 'template of default');
  assert.equal(template(undefined), null);
});

test('a tokenizer of another kind has tokens that are named by their ids, and that is said', () => {
  const { vocabulary, news } = vocabularyOf(tokenizerWith({ model: { type: 'Unigram', vocab: [['a', -1.5]] } }));
  assert.equal(vocabulary.model, 'rwkv');
  assert.deepEqual(
    vocabulary.tokens.slice(0, 3).map((token) => token?.text),
    ['[', '[1]', '[2]'],
  );
  assert.match(news.join(), /named by their ids/);
});

test('a tokenizer with more tokens than the model is refused, however high its ids are', () => {
  assert.throws(() => vocabularyOf(tokenizerWith({}), {}, {}, 4), /has 5 tokens and the model 4/);
  const added_tokens = [{ id: 4_000_000_000, content: '<far>', special: true }];
  assert.throws(() => vocabularyOf(tokenizerWith({ added_tokens })), /they are not of one checkpoint/);
});

test('a malformed tokenizer is refused with its place', () => {
  assert.throws(
    () => parseTokenizerFile({ model: { vocab: { a: 'x' } } }, 'tokenizer.json'),
    /tokenizer.json is malformed at model.vocab/,
  );
});
