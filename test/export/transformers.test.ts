import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dtypeFields, layoutFiles, readCheckpointFolder } from '../../src/export/checkpoint-folder.js';
import { onnxFiles } from '../../src/export/onnx-decoder.js';
import { flatSource } from '../../src/export/weight-source.js';
import { writeFolder } from '../../src/export/write-export.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { peerPackage } from '../support/outside.js';
import { LLAMA, QWEN2, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';
import { greedyTokens, LLAMA3_SCALING, makeCheckpoint, rzeroExport, TINY } from './exported.js';
import { askTransformers } from './peers.js';

/** transformers.js on folders that the command wrote. */

const transformers = (t: TestContext): string | null => peerPackage(t, 'transformers.js', '@huggingface/transformers');

const PROMPTS = [
  '<q>What is 45 plus 17?<a>',
  '<q>What is 912 minus 33?<a>',
  '<g>not ( True ) and ( True ) is<a>',
  '<q>',
];
const tokenizer = loadTokenizer(TINY);
const EOS = tokenizer.specials.get('<eos>') ?? -1;

test("transformers.js continues the embedded model's prompts as we do, to their end", async (t) => {
  const library = transformers(t);
  if (library === null) return;
  const folder = join(temporaryFolder(t), 'exported');
  await rzeroExport(['--model', 'tiny', '--format', 'onnx', '--out', folder]);
  const theirs = await askTransformers({ package: library, folder, prompts: PROMPTS, newTokens: 60 });
  const prompts = PROMPTS.map((text) => tokenizer.encode(text));
  assert.deepEqual(theirs.prompts, prompts);
  const { config, weights } = loadCheckpoint(TINY);
  const ours = await greedyTokens(config, weights, prompts, 60, [EOS]);
  assert.deepEqual(theirs.greedy, ours);
  assert.deepEqual(
    theirs.texts,
    ours.map((tokens) => tokenizer.decode(tokens)),
  );
});

const FAMILIES: readonly (readonly [string, DecoderConfig])[] = [
  ['Llama 3 with its rotary scaling', { ...LLAMA, ropeScaling: LLAMA3_SCALING }],
  ['Qwen2', QWEN2],
];

for (const [family, small] of FAMILIES)
  test(`transformers.js continues a random ${family} as we do`, async (t) => {
    const library = transformers(t);
    if (library === null) return;
    const config = { ...small, vocabularySize: tokenizer.vocabularySize };
    const weights = sharpWeights(config, 21);
    const [base, folder] = [join(temporaryFolder(t), 'base'), join(temporaryFolder(t), 'exported')];
    makeCheckpoint(base, config, weights, TINY);
    await rzeroExport(['--model', base, '--format', 'onnx', '--out', folder]);
    const theirs = await askTransformers({ package: library, folder, prompts: PROMPTS, newTokens: 40 });
    const ours = await greedyTokens(config, weights, theirs.prompts, 40, [EOS]);
    assert.deepEqual(theirs.greedy, ours);
  });

test('transformers.js finds weights that lie beside the graph', async (t) => {
  const library = transformers(t);
  if (library === null) return;
  const { config, weights } = loadCheckpoint(TINY);
  const folder = join(temporaryFolder(t), 'exported');
  const files = onnxFiles(flatSource(config, weights), { inlineBytes: 0, dataBytes: 500_000 });
  assert.ok(files.length > 3);
  const base = readCheckpointFolder(TINY);
  const changes = {
    ...dtypeFields(base, 'f32'),
    'transformers.js_config': { dtype: 'fp32', use_external_data_format: { 'model.onnx': files.length - 1 } },
  };
  await writeFolder(folder, [...layoutFiles(base, changes), ...files], {
    signal: new AbortController().signal,
    onBytes: () => {},
  });
  const prompts = PROMPTS.slice(0, 1);
  const theirs = await askTransformers({ package: library, folder, prompts, newTokens: 60 });
  assert.deepEqual(theirs.greedy, await greedyTokens(config, weights, theirs.prompts, 60, [EOS]));
});
