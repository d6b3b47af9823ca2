import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { addedToken, byteLevelDefinition, tokenizerFolder } from '../support/byte-level.js';

/** What a checkpoint folder's files say of its text, and what they may not say. */

const SPECIALS = ['<bos>', '<end>', '<stop>', '<|eot_id|>'];

/** Files, and the ids that end a text by them: those of SPECIALS are 0 to 3. */
const ENDS: readonly (readonly [claim: string, files: Record<string, string | object>, ids: readonly number[]])[] = [
  ['an end of turn in the vocabulary', {}, [3]],
  ['eos_token of tokenizer_config.json', { 'tokenizer_config.json': { eos_token: '<end>' } }, [1, 3]],
  ['an eos_token written as an object', { 'tokenizer_config.json': { eos_token: { content: '<end>' } } }, [1, 3]],
  ['one eos_token_id of generation_config.json', { 'generation_config.json': { eos_token_id: 2 } }, [2, 3]],
  ['a list of eos_token_id', { 'generation_config.json': { eos_token_id: [3, 2] } }, [3, 2]],
  ['eos_token_id of config.json', { 'config.json': { eos_token_id: [1] } }, [1, 3]],
  ['null in both', { 'config.json': { eos_token_id: null }, 'generation_config.json': { eos_token_id: null } }, [3]],
  [
    'all of them together, each once',
    {
      'tokenizer_config.json': { eos_token: '<end>' },
      'generation_config.json': { eos_token_id: [2, 1] },
      'config.json': { eos_token_id: 2 },
    },
    [2, 1, 3],
  ],
  ['an id beyond the vocabulary, which is left out', { 'config.json': { eos_token_id: 999 } }, [3]],
  ['an eos_token that is not there, which is left out', { 'tokenizer_config.json': { eos_token: '<eos>' } }, [3]],
];
for (const [claim, files, ids] of ENDS) {
  test(`a text is ended by ${claim}`, (t) => {
    assert.deepEqual(loadTokenizer(tokenizerFolder(t, SPECIALS, files)).endIds, ids);
  });
}

test('tokens that only tokenizer_config.json has are added, and those of tokenizer.json stay as they are', (t) => {
  const id = SPECIALS.length + 96; // after the characters
  const tokenizer = loadTokenizer(
    tokenizerFolder(t, SPECIALS, {
      'tokenizer_config.json': {
        added_tokens_decoder: { 1: addedToken(1, '<other>'), [id]: { content: '<think>', special: false } },
      },
    }),
  );
  assert.deepEqual(tokenizer.encode('<think><end>'), [id, 1]);
  assert.equal(tokenizer.decode([id, 1]), '<think><end>');
  assert.equal(tokenizer.vocabularySize, id + 1);
  assert.deepEqual([tokenizer.addedTokens.get('<think>'), tokenizer.specials.has('<think>')], [id, false]);
});

test('an id that the vocabulary leaves out decodes to nothing', (t) => {
  const tokenizer = loadTokenizer(
    tokenizerFolder(t, [], {
      'tokenizer.json': { ...byteLevelDefinition([]), added_tokens: [addedToken(500, '<end>')] },
    }),
  );
  assert.equal(tokenizer.decode([400, 500, 1000]), '<end>');
  assert.deepEqual(tokenizer.bytes(400), new Uint8Array());
});

const messages = [{ role: 'user', content: 'hi' }] as const;
const settings = { addGenerationPrompt: true, enableThinking: null };
/** Where a template may stand, and which one is used. */
const TEMPLATES: readonly (readonly [
  claim: string,
  files: Record<string, string | object>,
  rendered: string | null,
])[] = [
  ['none', {}, null],
  ['null', { 'tokenizer_config.json': { chat_template: null } }, null],
  ['text in tokenizer_config.json', { 'tokenizer_config.json': { chat_template: 'a' } }, 'a'],
  ['one by name', { 'tokenizer_config.json': { chat_template: [{ name: 'x', template: 'b' }] } }, 'b'],
  [
    'the default of several',
    {
      'tokenizer_config.json': {
        chat_template: [
          { name: 'tool_use', template: 'b' },
          { name: 'default', template: 'c' },
        ],
      },
    },
    'c',
  ],
  [
    'a file of its own, which comes first',
    { 'tokenizer_config.json': { chat_template: 'a' }, 'chat_template.jinja': 'd' },
    'd',
  ],
];
for (const [claim, files, rendered] of TEMPLATES) {
  test(`the chat template is ${claim}`, (t) => {
    const { chat } = loadTokenizer(tokenizerFolder(t, SPECIALS, files));
    assert.equal(chat === null ? null : chat.render(messages, settings), rendered);
  });
}

const broken = (changes: object): object => ({ ...byteLevelDefinition(SPECIALS), ...changes });
/** What is wrong in which file, and the sentence. */
const REFUSED: readonly (readonly [claim: string, files: Record<string, string | object>, says: RegExp])[] = [
  [
    'tokenizer.json that is cut',
    { 'tokenizer.json': '{"model": ' },
    /tokenizer\.json is not JSON; a checkpoint folder/,
  ],
  ['tokenizer.json that is a list', { 'tokenizer.json': '[]' }, /tokenizer\.json is malformed at its top/],
  ['a model without a vocabulary', { 'tokenizer.json': broken({ model: {} }) }, /is malformed at model\.vocab/],
  [
    'an id that is no number',
    { 'tokenizer.json': broken({ model: { type: 'BPE', vocab: { a: '1' }, merges: [] } }) },
    /is malformed at model\.vocab/,
  ],
  [
    'an added token without an id',
    { 'tokenizer.json': broken({ added_tokens: [{ content: 'x', special: true }] }) },
    /is malformed at added_tokens\.0\.id/,
  ],
  [
    'merges that are missing',
    { 'tokenizer.json': broken({ model: { type: 'BPE', vocab: { a: 1 } } }) },
    /tokenizer\.json is not a tokenizer that @huggingface\/tokenizers can read/,
  ],
  [
    'a part of an unknown kind',
    { 'tokenizer.json': broken({ pre_tokenizer: { type: 'Magic' } }) },
    /tokenizer\.json is not a tokenizer that/,
  ],
  [
    'a pattern that is no regular expression',
    { 'tokenizer.json': broken({ pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } }) },
    /tokenizer\.json is not a tokenizer that/,
  ],
  ['tokenizer_config.json that is no JSON', { 'tokenizer_config.json': 'x' }, /tokenizer_config\.json is not JSON/],
  [
    'a token that is a number',
    { 'tokenizer_config.json': { eos_token: 7 } },
    /tokenizer_config\.json is malformed at eos_token/,
  ],
  [
    'added tokens under names',
    { 'tokenizer_config.json': { added_tokens_decoder: { first: addedToken(1, 'x') } } },
    /tokenizer_config\.json is malformed at added_tokens_decoder\.first/,
  ],
  [
    'a template that is a number',
    { 'tokenizer_config.json': { chat_template: 7 } },
    /tokenizer_config\.json is malformed at chat_template/,
  ],
  [
    'named templates with no default',
    {
      'tokenizer_config.json': {
        chat_template: [
          { name: 'rag', template: '' },
          { name: 'tool_use', template: '' },
        ],
      },
    },
    /tokenizer_config\.json has the chat templates rag, tool_use; name the one to use "default"/,
  ],
  [
    'an end that is no id',
    { 'generation_config.json': { eos_token_id: -1 } },
    /generation_config\.json is malformed at eos_token_id/,
  ],
  ['generation_config.json that is cut', { 'generation_config.json': '{' }, /generation_config\.json is not JSON/],
  ['config.json that is cut', { 'config.json': '' }, /config\.json is not JSON/],
];
for (const [claim, files, says] of REFUSED) {
  test(`${claim} is refused in one sentence with the file's name`, (t) => {
    const folder = tokenizerFolder(t, SPECIALS, files);
    assert.throws(
      () => loadTokenizer(folder),
      (error: Error) => {
        assert.equal(error.name, 'CheckpointError');
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

test('a folder with another kind of tokenizer only is told how to make a tokenizer.json', (t) => {
  for (const name of ['tokenizer.model', 'vocab.json']) {
    const folder = tokenizerFolder(t, SPECIALS);
    rmSync(join(folder, 'tokenizer.json'));
    writeFileSync(join(folder, name), '');
    assert.throws(() => loadTokenizer(folder), {
      name: 'CheckpointError',
      message: new RegExp(`has ${name} and no tokenizer\\.json; write one with transformers: AutoTokenizer`),
    });
  }
});
