import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import ort from 'onnxruntime-node';
import { writeOnnxDecoder } from '../../src/export/onnx-decoder.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { engineFor, FAMILIES, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

const random = new Random(stream(11, 'prompts'));
const PROMPTS = Array.from({ length: 6 }, () => randomTokens(random, 7, QWEN3.vocabularySize));

async function sessionFor(t: TestContext, config: DecoderConfig, weights: Float32Array) {
  const file = join(temporaryFolder(t), 'model.onnx');
  writeOnnxDecoder(file, config, weights);
  return ort.InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

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

for (const [family, config] of FAMILIES) {
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

test('a decoder of more than 1.5 GB is refused before anything is written', (t) => {
  const config = { ...QWEN3, vocabularySize: 24_000_000 }; // × 16 × 4 bytes = 1.54 GB, never touched
  const file = join(temporaryFolder(t), 'model.onnx');
  const weights = new Float32Array(parameterLayout(config).size);
  assert.throws(() => writeOnnxDecoder(file, config, weights), /the weights are 1\.5 GB.*GGUF takes more/);
  assert.equal(existsSync(file), false);
});
