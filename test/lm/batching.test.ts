import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumericalError } from '../../src/errors.js';
import { GraphSession } from '../../src/graph/session.js';
import { Arena } from '../../src/lm/arena.js';
import {
  BATCHING_LIMITS,
  type BatchingLimits,
  generate,
  type SequenceRequest,
  samplingSettings,
} from '../../src/lm/batching.js';
import { decodeGraph, prefillGraph } from '../../src/lm/decode.js';
import { laneSlotCounts } from '../../src/lm/lane.js';
import { parameterFeeds, parameterLayout } from '../../src/lm/parameters.js';
import { prefillBy } from '../../src/lm/prefill.js';
import { weightInputs } from '../../src/lm/weights.js';
import { shareWeights } from '../../src/policies/state.js';
import { Random, stream } from '../../src/random.js';
import { engineFor, QWEN3, randomTokens, sharpWeights } from '../support/small-models.js';

const CONFIG = { ...QWEN3, maxPositions: 256 };
const engine = engineFor(CONFIG);
const flat = sharpWeights(CONFIG, 3);
const weights = shareWeights(flat);
const random = new Random(stream(8, 'prompts'));
const PROMPTS = Array.from({ length: 12 }, (_, i) => randomTokens(random, 1 + 3 * i, CONFIG.vocabularySize));
/** 20 samples of each prompt, more than a row has places. */
const REQUESTS: SequenceRequest[] = PROMPTS.flatMap((_, prompt) =>
  Array.from({ length: 20 }, (_, sample) => ({ prompt, key: stream(9, prompt, sample) })),
);
/** Long enough for every lane; some sequences end early. */
const LONG = samplingSettings({ maxTokens: 110, stops: [5] });

/** Generation within certain limits; `calls` gets the seats of each call of the decode graph. */
async function generateWithin(limits: BatchingLimits, requests: readonly SequenceRequest[], calls: number[] = []) {
  const layout = parameterLayout(CONFIG);
  const [feeds, inputs] = [parameterFeeds(layout, flat), weightInputs(layout)];
  const sessions = new Map<number, GraphSession>();
  const observed = (session: GraphSession): GraphSession =>
    Object.assign(Object.create(session), {
      run: (inputs: Parameters<GraphSession['run']>[0]) => {
        calls.push(inputs['token']?.dims[0] ?? 0);
        return session.run(inputs);
      },
    });
  const decode = {
    prefill: prefillBy(await GraphSession.create(prefillGraph(CONFIG, inputs), 'cpu', 1), CONFIG, feeds),
    single: false,
    kind: 'plain' as const,
    decode: async (laneCount: number) => {
      const known = sessions.get(laneCount);
      if (known !== undefined) return known;
      const session = await GraphSession.create(
        decodeGraph(CONFIG, inputs, { laneCount, sampling: 'plain', tokens: 'one' }),
        'cpu',
        1,
      );
      sessions.set(laneCount, observed(session));
      return sessions.get(laneCount) as GraphSession;
    },
  };
  const generator = {
    config: CONFIG,
    sessions: decode,
    weights: feeds,
    arena: new Arena(),
    limits,
    stopped: () => undefined,
  };
  return generate(generator, PROMPTS, requests, LONG);
}

test('lanes double up to the longest sequence', () => {
  assert.deepEqual(laneSlotCounts(13), [13]);
  assert.deepEqual(laneSlotCounts(72), [24, 48, 72]);
  assert.deepEqual(laneSlotCounts(110), [24, 48, 110]); // 96 slots would serve the last 14 little better than 110
});

test('a sequence that outgrows its lanes is the same alone as among 239 others', async () => {
  const together = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling: LONG });
  const lengths = together.map(({ tokens }) => tokens.length);
  for (const least of [1, 25, 49]) assert.ok(lengths.some((length) => length >= least && length < least + 40));
  for (let i = 0; i < REQUESTS.length; i += 11) {
    const request = REQUESTS[i] as SequenceRequest;
    const prompts = [PROMPTS[request.prompt] as number[]];
    const [alone] = await engine.generate({ weights, prompts, requests: [{ ...request, prompt: 0 }], sampling: LONG });
    assert.deepEqual(together[i]?.tokens, alone?.tokens, `request ${i}`);
  }
});

test('however few seats there are, the sequences are the same, and no call is short while others wait', async () => {
  const many = await generateWithin(BATCHING_LIMITS, REQUESTS);
  const calls: number[] = [];
  const few = await generateWithin({ ...BATCHING_LIMITS, seatCount: 7 }, REQUESTS, calls);
  assert.deepEqual(
    few.map(({ tokens }) => tokens),
    many.map(({ tokens }) => tokens),
  );
  const tokens = few.reduce((sum, result) => sum + result.tokens.length, 0);
  assert.equal(
    calls.reduce((sum, seats) => sum + seats, 0),
    tokens,
    'each seat of each call gave a token that was kept',
  );
  const firstShort = calls.findIndex((seats) => seats < 7);
  assert.ok(firstShort > 0.9 * (calls.length - LONG.maxTokens), `call ${firstShort} of ${calls.length}`);
});

test('a model whose cache is large has fewer seats', async () => {
  const bytes = 4 * 2 * CONFIG.layerCount * CONFIG.keyValueHeadCount * CONFIG.headSize * (33 + LONG.maxTokens);
  const calls: number[] = [];
  await generateWithin({ seatCount: 256, cacheBytes: 5.5 * bytes }, REQUESTS.slice(0, 12), calls);
  assert.equal(Math.max(...calls), 5);
});

test('the order of requests does not matter, nor how often a prompt comes back', async () => {
  const order = random.shuffled(REQUESTS.map((_, i) => i));
  const requests = order.map((i) => REQUESTS[i] as SequenceRequest);
  const plain = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling: LONG });
  const shuffled = await engine.generate({ weights, prompts: PROMPTS, requests, sampling: LONG });
  for (const [to, from] of order.entries()) assert.deepEqual(shuffled[to]?.tokens, plain[from]?.tokens);
});

test('a request may have a limit of its own', async () => {
  const requests = REQUESTS.slice(0, 60).map((request, i) => ({ ...request, maxTokens: 1 + (i % 40) }));
  const sampling = { ...LONG, stops: [] };
  const generated = await engine.generate({ weights, prompts: PROMPTS, requests, sampling });
  const whole = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS.slice(0, 60), sampling });
  for (const [i, { tokens, finished }] of generated.entries()) {
    assert.deepEqual(tokens, whole[i]?.tokens.slice(0, 1 + (i % 40)));
    assert.equal(finished, false);
  }
});

test('a stop text ends a sequence wherever its tokens spell it, across their borders too', async () => {
  const pieces = Array.from({ length: CONFIG.vocabularySize }, (_, id) => String.fromCharCode(97 + (id % 5)));
  const stopTexts = { texts: ['abc', 'ee'], pieces };
  const sampling = { ...LONG, stops: [], stopTexts };
  const generated = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS, sampling });
  let ended = 0;
  for (const { tokens, finished } of generated) {
    const text = tokens.map((id) => pieces[id]).join('');
    const first = Math.min(...stopTexts.texts.map((stop) => (text + stop).indexOf(stop) + stop.length));
    assert.equal(finished, first <= text.length);
    assert.equal(text.length, Math.min(first, LONG.maxTokens));
    ended += finished ? 1 : 0;
  }
  assert.ok(ended > 0);
});

test('a stop text that never comes lets the sequence run to its limit', async () => {
  const stopTexts = { texts: ['never'], pieces: Array.from({ length: CONFIG.vocabularySize }, () => 'x') };
  const sampling = samplingSettings({ maxTokens: 30, stops: [], stopTexts });
  const [result] = await engine.generate({ weights, prompts: PROMPTS, requests: REQUESTS.slice(0, 1), sampling });
  assert.equal(result?.tokens.length, 30);
  assert.equal(result?.finished, false);
});

test('weights that are not numbers fail the task by name, and the next task is whole', async () => {
  const broken = shareWeights(sharpWeights(CONFIG, 3).fill(Number.NaN, 400, 900));
  const task = { prompts: PROMPTS, requests: REQUESTS.slice(0, 40), sampling: LONG };
  const before = await engine.generate({ ...task, weights });
  await assert.rejects(
    engine.generate({ ...task, weights: broken }),
    (error) => error instanceof NumericalError && /log-probability NaN/.test(error.message),
  );
  assert.deepEqual(await engine.generate({ ...task, weights }), before);
});
