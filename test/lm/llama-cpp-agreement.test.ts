import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { writeNumberedGguf } from '../support/gguf-file.js';
import { llamaCpp } from '../support/llama-cpp.js';
import {
  engineFor,
  LLAMA,
  LLAMA3,
  nextTokenLogprobs,
  QWEN2,
  QWEN3,
  randomTokens,
  sharpWeights,
} from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

/** The forward pass against llama.cpp, which reads the same weights from GGUF. Its Qwen2 has queries of the hidden size. */
const FAMILIES = [
  ['Qwen3', QWEN3],
  ['Qwen3 with an output matrix of its own', { ...QWEN3, tiedEmbeddings: false, normEpsilon: 1e-5, ropeTheta: 1e6 }],
  ['Llama', LLAMA],
  ['Llama without grouped queries', { ...LLAMA, keyValueHeadCount: 4, normEpsilon: 1e-5 }],
  ['Llama 3', LLAMA3],
  ['Qwen2', { ...QWEN2, headSize: 4 }],
] as const;
/** The last is longer than the window that Llama 3's scaling begins at. */
const LENGTHS = [1, 5, 40];

for (const [family, config] of FAMILIES) {
  test(`${family}: log-probabilities of the whole vocabulary at every position are those of llama.cpp`, async (t) => {
    const weights = sharpWeights(config, 6);
    const file = join(temporaryFolder(t), 'model.gguf');
    writeNumberedGguf(file, config, weights);
    const peer = await llamaCpp(t, file, config.maxPositions);
    if (peer === null) return;
    const random = new Random(stream(7, 'prompts'));
    const [engine, shared] = [engineFor(config), shareWeights(weights)];
    for (const length of LENGTHS) {
      const prompt = randomTokens(random, length, config.vocabularySize);
      for (const [position, logits] of (await peer(prompt)).entries()) {
        const theirs = logSoftmax(logits);
        const ours = await nextTokenLogprobs(engine, shared, prompt.slice(0, position + 1), config.vocabularySize);
        assert.equal(theirs.length, ours.length);
        ours.forEach((logprob, token) => {
          const expected = theirs[token] as number;
          assert.ok(
            Math.abs(logprob - expected) < 1e-4,
            `position ${position} of ${length}, token ${token}: ${logprob}, llama.cpp ${expected}`,
          );
        });
      }
    }
  });
}

function logSoftmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return logits.map((logit) => logit - largest - Math.log(sum));
}
