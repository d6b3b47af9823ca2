import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Generated, samplingSettings } from '../../src/lm/batching.js';
import type { TokenChoice } from '../../src/lm/sampling.js';
import { shareWeights } from '../../src/policies/state.js';
import { stream } from '../../src/random.js';
import { engineFor, nextTokenLogprobs, QWEN3, sharpWeights } from '../support/small-models.js';

const engine = engineFor(QWEN3);
const weights = shareWeights(sharpWeights(QWEN3, 3));
const PROMPT = [4, 11, 7];
const plain = await nextTokenLogprobs(engine, weights, PROMPT, QWEN3.vocabularySize);

function draw(choice: Partial<TokenChoice>, count = 2000): Promise<Generated[]> {
  const sampling = samplingSettings({ maxTokens: 1, stops: [], ...choice });
  const requests = Array.from({ length: count }, (_, i) => ({ prompt: 0, key: stream(4, i) }));
  return engine.generate({ weights, prompts: [PROMPT], requests, sampling });
}

/** Probability of each token that a choice keeps, worked out from the whole distribution. */
function kept({ temperature = 1, topP = 1, topK = 0, minP = 0 }: Partial<TokenChoice>): Map<number, number> {
  const scaled = plain.map((logprob, token) => ({ token, p: Math.exp(logprob / temperature) }));
  const normalised = renormalise(scaled).toSorted((a, b) => b.p - a.p);
  const first = renormalise(topK === 0 ? normalised : normalised.slice(0, topK));
  let held = 0;
  const nucleus = first.filter(({ p }) => {
    held += p;
    return held - p < topP;
  });
  const floor = minP * (nucleus[0]?.p ?? 0);
  return new Map(renormalise(nucleus.filter(({ p }) => p >= floor)).map(({ token, p }) => [token, p]));
}

function renormalise<T extends { readonly p: number }>(rows: readonly T[]): T[] {
  const sum = rows.reduce((total, { p }) => total + p, 0);
  return rows.map((row) => ({ ...row, p: row.p / sum }));
}

for (const choice of [
  { topK: 1 },
  { topK: 5 },
  { topK: 1000 },
  { minP: 0.2 },
  { minP: 0.2, temperature: 2 },
  { topK: 6, topP: 0.7 },
  { topK: 8, topP: 0.8, minP: 0.3, temperature: 1.5 },
  { topP: 0.9, temperature: 0.5 },
] satisfies Partial<TokenChoice>[]) {
  test(`${JSON.stringify(choice)} draws from what it keeps alone, by its renormalised probabilities`, async () => {
    const expected = kept(choice);
    const drawn = await draw(choice);
    for (const { tokens, logprobs } of drawn) {
      const p = expected.get(tokens[0] as number);
      assert.ok(p !== undefined, `token ${tokens[0]} was cut`);
      assert.ok(Math.abs((logprobs[0] as number) - Math.log(p)) < 1e-4);
    }
    for (const [token, p] of expected) {
      const count = drawn.filter(({ tokens }) => tokens[0] === token).length;
      const deviation = Math.sqrt(drawn.length * p * (1 - p));
      assert.ok(Math.abs(count - drawn.length * p) < 4.5 * deviation + 1, `${token}: ${count} times, p ${p}`);
    }
  });
}

for (const choice of [{}, { temperature: 0 }, { temperature: 0.6 }, { topK: 3, temperature: 0.6 }]) {
  test(`${JSON.stringify(choice)} records the model's own log-probability too`, async () => {
    for (const { tokens, untemperedLogprobs } of await draw(choice, 50)) {
      assert.equal(untemperedLogprobs.length, 1);
      assert.ok(Math.abs((untemperedLogprobs[0] as number) - (plain[tokens[0] as number] as number)) < 1e-4);
    }
  });
}
