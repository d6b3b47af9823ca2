import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/errors.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import type { Generated, SamplingSettings } from '../../src/lm/batching.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream, uniform } from '../../src/random.js';
import type { Engine } from '../../src/workers/engine.js';
import type { SharedWeights } from '../../src/workers/tasks.js';
import { engineFor, FAMILIES, nextTokenLogprobs, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';

const SAMPLING = samplingSettings({ maxTokens: 13, stops: [3, 7] });
const random = new Random(stream(1, 'prompts'));
/** A prompt of each length from 1 to 20, out of order, and 300 requests: more than there are seats. */
const PROMPTS = random
  .shuffled(Array.from({ length: 20 }, (_, i) => i + 1))
  .map((length) => randomTokens(random, length, QWEN3.vocabularySize));
const REQUESTS = Array.from({ length: 300 }, (_, i) => ({ prompt: i % PROMPTS.length, key: stream(2, i) }));

const engine = engineFor(QWEN3);
const weights = shareWeights(sharpWeights(QWEN3, 3));
const distribution = (prefix: readonly number[]): Promise<number[]> =>
  nextTokenLogprobs(engine, weights, prefix, QWEN3.vocabularySize);
/** `count` first tokens after `prompt`. */
const firstTokens = (prompt: readonly number[], count: number, settings: Partial<SamplingSettings>) =>
  engine.generate({
    weights,
    prompts: [prompt],
    requests: Array.from({ length: count }, (_, i) => ({ prompt: 0, key: stream(4, i) })),
    sampling: { ...SAMPLING, maxTokens: 1, ...settings },
  });

/** Largest distance of a recorded log-probability from the one that the train graph's forward pass gives. */
async function drift(engine: Engine, weights: SharedWeights, prompts: readonly number[][], generated: Generated[]) {
  const sequences = generated.map(({ tokens }, i) => {
    const prompt = prompts[i % prompts.length] as number[];
    return { tokens: [...prompt, ...tokens], start: prompt.length };
  });
  const scored = await engine.score({ weights, sequences });
  let largest = 0;
  generated.forEach(({ logprobs }, i) => {
    assert.equal(scored[i]?.length, logprobs.length);
    logprobs.forEach((logprob, t) => {
      largest = Math.max(largest, Math.abs(logprob - (scored[i]?.[t] ?? Number.NaN)));
    });
  });
  return largest;
}

async function sampledDrift(config: DecoderConfig, flat: Float32Array): Promise<number> {
  const [engine, weights] = [engineFor(config), shareWeights(flat)];
  const generated = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling: SAMPLING });
  const lengths = new Set(generated.map(({ tokens }) => tokens.length));
  assert.ok(lengths.size > 5, 'sequences end at different times');
  return drift(engine, weights, PROMPTS, generated);
}

for (const [family, config] of FAMILIES) {
  for (const tiedEmbeddings of [true, false]) {
    test(`${family}, ${tiedEmbeddings ? 'tied' : 'untied'}: decoding records the trainer's log-probabilities`, async () => {
      const shape = { ...config, tiedEmbeddings };
      const largest = await sampledDrift(shape, sharpWeights(shape, 5));
      assert.ok(largest < 1e-3, `they differ by ${largest}`);
    });
  }
}

test("the embedded model: decoding records the trainer's log-probabilities", async () => {
  const { config, weights: flat } = loadCheckpoint('models/tiny');
  const [engine, weights] = [engineFor(config), shareWeights(flat)];
  const prompts = Array.from({ length: 20 }, (_, i) => randomTokens(random, i + 1, config.vocabularySize));
  const requests = Array.from({ length: 60 }, (_, i) => ({ prompt: i % 20, key: stream(6, i) }));
  const sampling = { ...SAMPLING, maxTokens: 24, stops: [] };
  const generated = await engine.generate({ weights, prompts, requests, sampling });
  const largest = await drift(engine, weights, prompts, generated);
  assert.ok(largest < 1e-3, `they differ by ${largest}`);
});

test('a sequence is the same alone as among 299 others', async () => {
  const together = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling: SAMPLING });
  // Rounding differs with the batch's shape; it moves a token only if a draw falls within 1e-6 of a border.
  for (let i = 0; i < REQUESTS.length; i += 7) {
    const request = REQUESTS[i] as (typeof REQUESTS)[number];
    const prompts = [PROMPTS[request.prompt] as number[]];
    const requests = [{ ...request, prompt: 0 }];
    const [alone] = await engine.generate({ weights, prompts, requests, sampling: SAMPLING });
    assert.deepEqual(together[i]?.tokens, alone?.tokens, `request ${i}`);
    assert.equal(together[i]?.finished, alone?.finished);
  }
});

test('the order of requests does not change what each draws', async () => {
  const order = random.shuffled(REQUESTS.map((_, i) => i));
  const requests = order.map((i) => REQUESTS[i] as (typeof REQUESTS)[number]);
  const plain = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling: SAMPLING });
  const shuffled = await engine.generate({ weights, prompts: PROMPTS, requests, sampling: SAMPLING });
  order.forEach((from, to) => {
    assert.deepEqual(shuffled[to]?.tokens, plain[from]?.tokens);
  });
});

test('greedy decoding takes the likeliest token after each prefix', async () => {
  for (const prompt of PROMPTS.slice(0, 4)) {
    const requests = [{ prompt: 0, key: 0 }];
    const sampling = { ...SAMPLING, temperature: 0, stops: [] };
    const [greedy] = await engine.generate({ weights, prompts: [prompt], requests, sampling });
    for (const [t, token] of (greedy?.tokens ?? []).entries()) {
      const logprobs = await distribution([...prompt, ...(greedy?.tokens.slice(0, t) ?? [])]);
      assert.equal(token, logprobs.indexOf(Math.max(...logprobs)), `token ${t}`);
    }
  }
});

test('token t of a sequence is drawn with number t of its stream', async () => {
  // Where all weights are 0 all 24 tokens are as likely: a number u draws token floor(24u), in every chunk of a call.
  const flat = shareWeights(sharpWeights(QWEN3, 3).fill(0));
  const sampling = { ...SAMPLING, maxTokens: 20, stops: [] };
  const generated = await engine.generate({ weights: flat, prompts: PROMPTS, requests: REQUESTS, sampling });
  generated.forEach(({ tokens, logprobs }, i) => {
    const { key } = REQUESTS[i] as (typeof REQUESTS)[number];
    const place = tokens.map((_, t) => uniform(key, t) * QWEN3.vocabularySize);
    // A number within rounding of a border may fall on either side of it.
    const clear = place.map((x) => Math.abs(x - Math.round(x)) > 1e-4);
    assert.deepEqual(
      tokens.filter((_, t) => clear[t]),
      place.map(Math.floor).filter((_, t) => clear[t]),
    );
    for (const logprob of logprobs) assert.ok(Math.abs(logprob + Math.log(QWEN3.vocabularySize)) < 1e-4);
  });
});

test('a sequence ends at its first stop token, and only there is it finished', async () => {
  const generated = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling: SAMPLING });
  let cut = 0;
  for (const { tokens, logprobs, finished } of generated) {
    const firstStop = tokens.findIndex((token) => SAMPLING.stops.includes(token));
    assert.equal(firstStop, finished ? tokens.length - 1 : -1);
    assert.equal(logprobs.length, tokens.length);
    if (!finished) {
      assert.equal(tokens.length, SAMPLING.maxTokens);
      cut++;
    }
  }
  assert.ok(cut > 0 && cut < generated.length, 'some are cut, some end');
});

test('tokens come as often as their probability says', async () => {
  const prompt = PROMPTS[0] as number[];
  const draws = 6000;
  for (const temperature of [1, 0.6]) {
    const scaled = (await distribution(prompt)).map((logprob) => Math.exp(logprob / temperature));
    const sum = scaled.reduce((a, b) => a + b, 0);
    const probabilities = scaled.map((p) => p / sum);
    const drawn = (await firstTokens(prompt, draws, { temperature })).map(({ tokens }) => tokens[0]);
    for (const [token, p] of probabilities.entries()) {
      const found = drawn.filter((other) => other === token).length;
      const deviation = Math.sqrt(draws * p * (1 - p));
      assert.ok(Math.abs(found - draws * p) < 4.5 * deviation + 1, `${token}: ${found}, expected ${draws * p}`);
    }
  }
});

test('recorded log-probabilities are those of the tempered distribution', async () => {
  const prompt = PROMPTS[1] as number[];
  const scaled = (await distribution(prompt)).map((logprob) => Math.exp(logprob / 0.6));
  const sum = scaled.reduce((a, b) => a + b, 0);
  for (const { tokens, logprobs } of await firstTokens(prompt, 50, { temperature: 0.6 })) {
    const expected = Math.log((scaled[tokens[0] as number] as number) / sum);
    assert.ok(Math.abs((logprobs[0] as number) - expected) < 1e-4);
  }
});

test('top-p draws from the nucleus alone, by its renormalised probabilities', async () => {
  const prompt = PROMPTS[2] as number[];
  const probabilities = (await distribution(prompt)).map(Math.exp);
  const sorted = probabilities.map((p, token) => ({ p, token })).toSorted((a, b) => b.p - a.p);
  for (const topP of [0.3, 0.7, 0.9]) {
    // By hand: tokens from the likeliest on, until they hold topP.
    let held = 0;
    const nucleus = new Set<number>();
    for (const { p, token } of sorted) {
      if (held >= topP) break;
      held += p;
      nucleus.add(token);
    }
    const generated = await firstTokens(prompt, 3000, { topP });
    assert.deepEqual(new Set(generated.map(({ tokens }) => tokens[0])), nucleus);
    for (const { tokens, logprobs } of generated) {
      const expected = Math.log((probabilities[tokens[0] as number] as number) / held);
      assert.ok(Math.abs((logprobs[0] as number) - expected) < 1e-4);
    }
  }
});

test('no request gives no sequence', async () => {
  assert.deepEqual(await engine.generate({ weights, prompts: [], requests: [], sampling: SAMPLING }), []);
});

for (const [fault, prompt, message] of [
  ['is empty', [], /empty/],
  ['has a token beyond the vocabulary', [1, 24], /the token 24, and the model knows 0 to 23/],
  ['has a negative token', [-1], /the token -1/],
  ['leaves no room for the completion', Array.from({ length: 52 }, () => 1), /52 tokens and 13 new ones.*64 positions/],
] as const) {
  test(`a prompt that ${fault} is refused`, async () => {
    const requests = [{ prompt: 0, key: 0 }];
    await assert.rejects(
      engine.generate({ weights, prompts: [prompt], requests, sampling: SAMPLING }),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}
