import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CheckpointError } from '../../src/errors.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { openCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { engineFor, FAMILIES, randomTokens, sharpWeights } from '../support/small-models.js';
import { temporaryFolder } from '../support/temporary.js';

const random = new Random(stream(3, 'frozen'));

for (const [family, small] of FAMILIES) {
  for (const tiedEmbeddings of [true, false]) {
    const config = { ...small, tiedEmbeddings, maxPositions: 256 };
    const prompts = Array.from({ length: 7 }, (_, i) => randomTokens(random, 1 + 2 * i, config.vocabularySize));
    const requests = prompts.flatMap((_, prompt) =>
      [0, 1, 2].map((sample) => ({ prompt, key: stream(5, prompt, sample) })),
    );

    test(`${family}, ${tiedEmbeddings ? 'tied' : 'untied'}: weights read from their file give what weights in memory give`, async (t) => {
      const folder = temporaryFolder(t);
      const flat = sharpWeights(config, 4);
      saveCheckpoint(folder, { config, weights: flat });
      const { places } = openCheckpoint(folder);
      const engine = engineFor(config);
      const [shared, frozen] = [shareWeights(flat), { folder, places }];
      for (const choice of [{}, { temperature: 0 }, { temperature: 0.7 }, { topK: 5 }]) {
        // Long enough for the seats to move to a longer lane together.
        const sampling = samplingSettings({ maxTokens: 40, stops: [5], ...choice });
        const expected = await engine.generate({ weights: shared, prompts, requests, sampling });
        const found = await engine.generate({ weights: frozen, prompts, requests, sampling });
        for (const [i, { tokens, logprobs, untemperedLogprobs }] of found.entries()) {
          assert.deepEqual(tokens, expected[i]?.tokens, `${JSON.stringify(choice)}, request ${i}`);
          for (const [name, list] of Object.entries({ logprobs, untemperedLogprobs }) as ['logprobs', number[]][])
            list.forEach((x, at) => {
              assert.ok(Math.abs(x - (expected[i]?.[name][at] as number)) < 1e-4, name);
            });
        }
      }
      const sequences = prompts.map((prompt) => ({ tokens: [...prompt, 1, 2, 3], start: prompt.length }));
      const scored = (await engine.score({ weights: frozen, sequences })).flat();
      const wanted = (await engine.score({ weights: shared, sequences })).flat();
      scored.forEach((x, i) => {
        assert.ok(Math.abs(x - (wanted[i] as number)) < 1e-4);
      });
    });
  }
}

test('a weights file that is cut is refused when it is opened', (t) => {
  const folder = temporaryFolder(t);
  const [, config] = FAMILIES[0] as (typeof FAMILIES)[number];
  saveCheckpoint(folder, { config, weights: sharpWeights(config, 4) });
  writeFileSync(join(folder, 'model.safetensors'), new Uint8Array(5));
  assert.throws(() => openCheckpoint(folder), CheckpointError);
});
