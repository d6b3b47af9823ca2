import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import ort from 'onnxruntime-node';
import { ONNX_LIMITS, type OnnxLimits, onnxFiles } from '../../src/export/onnx-decoder.js';
import { flatSource } from '../../src/export/weight-source.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { engineFor, FAMILIES, LLAMA, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

const random = new Random(stream(11, 'prompts'));
const PROMPTS = Array.from({ length: 6 }, () => randomTokens(random, 7, QWEN3.vocabularySize));

/** The exported files' folder. */
function written(t: TestContext, config: DecoderConfig, weights: Float32Array, limits: OnnxLimits): string {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'onnx'));
  for (const file of onnxFiles(flatSource(config, weights), limits)) {
    const bytes = Buffer.concat([...file.chunks()]);
    assert.equal(bytes.length, file.sizeBytes, file.path);
    writeFileSync(join(folder, file.path), bytes);
  }
  return join(folder, 'onnx');
}

const sessionIn = (folder: string): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1, logSeverityLevel: 3 });

const sessionFor = (t: TestContext, config: DecoderConfig, weights: Float32Array): Promise<ort.InferenceSession> =>
  sessionIn(written(t, config, weights, ONNX_LIMITS));

/** Greedy continuations by the loop that such a file is made for: the cache that comes out goes in again. A row of
 *  `padding` tokens less is padded on the left. */
async function greedy(
  session: ort.InferenceSession,
  config: DecoderConfig,
  prompts: readonly (readonly number[])[],
  count: number,
): Promise<number[][]> {
  const { vocabularySize: V, keyValueHeadCount: K, headSize: S } = config;
  const B = prompts.length;
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const padding = prompts.map((prompt) => longest - prompt.length);
  const made = prompts.map((): number[] => []);
  let tokens = prompts.map((prompt, b) => [...Array<number>(padding[b] ?? 0).fill(0), ...prompt]);
  let past: Record<string, ort.Tensor> = {};
  for (const name of session.inputNames.filter((input) => input.startsWith('past')))
    past[name] = new ort.Tensor('float32', new Float32Array(0), [B, K, 0, S]);
  for (let step = 0; step < count; step++) {
    const T = tokens[0]?.length ?? 0;
    const N = longest + step;
    const int64 = (rows: readonly (readonly number[])[]): ort.Tensor =>
      new ort.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [B, rows[0]?.length ?? 0]);
    const mask = padding.map((pad) => Array.from({ length: N }, (_, n) => (n < pad ? 0 : 1)));
    // transformers.js gives padding the position 1
    const positions = padding.map((pad) =>
      Array.from({ length: T }, (_, i) => (N - T + i < pad ? 1 : N - T + i - pad)),
    );
    const feeds = { input_ids: int64(tokens), attention_mask: int64(mask), position_ids: int64(positions), ...past };
    const output = await session.run(feeds);
    const logits = output['logits']?.data as Float32Array;
    tokens = made.map((row, b) => {
      const scores = [...logits.subarray((b * T + T - 1) * V, (b * T + T) * V)];
      row.push(scores.indexOf(Math.max(...scores)));
      return row.slice(-1);
    });
    past = Object.fromEntries(
      Object.entries(output).flatMap(([name, tensor]) =>
        name.startsWith('present') ? [[name.replace('present', 'past_key_values'), tensor as ort.Tensor]] : [],
      ),
    );
  }
  return made;
}

const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 32 };

for (const [family, config] of [...FAMILIES, ['Llama 3', { ...LLAMA, ropeScaling }] as const]) {
  test(`the exported ${family} continues as our own decoding does`, async (t) => {
    const weights = sharpWeights(config, 6);
    const own = await engineFor(config).generate({
      weights: shareWeights(weights),
      prompts: PROMPTS,
      requests: PROMPTS.map((_, prompt) => ({ prompt, key: 0 })),
      sampling: samplingSettings({ temperature: 0, maxTokens: 12, stops: [] }),
    });
    const session = await sessionFor(t, config, weights);
    assert.deepEqual(
      await greedy(session, config, PROMPTS, 12),
      own.map(({ tokens }) => tokens),
    );
  });
}

test('a prompt that is padded on the left continues as it does alone', async (t) => {
  const session = await sessionFor(t, QWEN3, sharpWeights(QWEN3, 7));
  const [long = [], other = []] = PROMPTS;
  const short = other.slice(0, 3);
  const [, padded] = await greedy(session, QWEN3, [long, short], 8);
  assert.deepEqual(padded, (await greedy(session, QWEN3, [short], 8))[0]);
});

test('inputs and outputs are named as transformers.js names them', async (t) => {
  const session = await sessionFor(t, QWEN3, sharpWeights(QWEN3, 7));
  const cache = (prefix: string): string[] =>
    [0, 1].flatMap((layer) => [`${prefix}.${layer}.key`, `${prefix}.${layer}.value`]);
  assert.deepEqual(
    session.inputNames.toSorted(),
    ['attention_mask', 'input_ids', ...cache('past_key_values'), 'position_ids'].toSorted(),
  );
  assert.deepEqual(session.outputNames.toSorted(), ['logits', ...cache('present')].toSorted());
});

for (const [family, config] of FAMILIES)
  test(`a ${family} whose weights lie beside it computes the same as one with its weights inside`, async (t) => {
    const weights = sharpWeights(config, 8);
    const inside = await sessionFor(t, config, weights);
    const folder = written(t, config, weights, { inlineBytes: 0, dataBytes: 70_000 });
    assert.deepEqual(readdirSync(folder).toSorted(), ['model.onnx', 'model.onnx_data', 'model.onnx_data_1']);
    assert.deepEqual(
      await greedy(await sessionIn(folder), config, PROMPTS, 8),
      await greedy(inside, config, PROMPTS, 8),
    );
  });

test('a tensor that is larger than a file of weights has one to itself', () => {
  const source = flatSource(QWEN3, sharpWeights(QWEN3, 8));
  const files = onnxFiles(source, { inlineBytes: 0, dataBytes: 1000 }).slice(1); // the embedding takes 24 × 16 × 4 = 1536
  assert.equal(files[0]?.sizeBytes, 1536);
  assert.ok(files.slice(1).every(({ sizeBytes }) => sizeBytes <= 1536));
});
