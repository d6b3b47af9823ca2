import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type GrpoConfig, resolveConfig } from '../../src/config.js';
import { Interrupted, ServerError } from '../../src/errors.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { type RolloutSource, ServedPolicy } from '../../src/policies/served.js';
import { freshState } from '../../src/policies/state.js';
import { stream } from '../../src/random.js';
import { CompletionServer } from '../../src/remote/completion-server.js';
import type { Rollout, TrainExample } from '../../src/rl/rollout.js';
import { LmPool } from '../../src/workers/pool.js';
import { Answer, type Answering, type FakeServer, fakeServer, LEFT_ALONE } from '../support/fake-server.js';
import { numberedTokenizer } from '../support/served-model.js';
import { QWEN3, sharpWeights } from '../support/small-models.js';

/** A policy that learns here and whose rollouts come over HTTP, with real training. */

const pool = new LmPool(QWEN3, 'cpu', 2, 1, () => {});
after(() => pool.close());

const SETTINGS: GrpoConfig = { ...resolveConfig({ preset: 'tiny' }).rl.solver, lr: 1e-3, kl: 0.1 };
const PROMPTS = [[1, 2], [3, 4, 5], [6]];
const SAMPLING = samplingSettings({ maxTokens: 9, stops: [0, 11] });
const READER = { tokenizer: numberedTokenizer(24), vocabularySize: 24 };
const NEVER = new AbortController().signal;
const FAST = { attempts: 2, firstWaitMs: 1 };

const local = (): OnnxPolicy => new OnnxPolicy(pool, null, freshState(sharpWeights(QWEN3, 1)));

/** A server that samples from a policy of ours, and lowers each log-probability by `lowered` of its place. */
async function engineServer(
  t: TestContext,
  policy: OnnxPolicy,
  lowered: ((place: number) => number) | null,
  more: Readonly<Record<string, Answering>> = {},
): Promise<FakeServer> {
  return fakeServer(t, {
    '/completions': ({ body }, response) => {
      const sampling = { ...SAMPLING, maxTokens: Number(body['max_tokens']) };
      const answer = async (): Promise<void> => {
        const groups = await policy.generate([body['prompt'] as number[]], 1, sampling, Number(body['seed']));
        const [{ completion, logprobs, finished }] = groups[0] as [Rollout];
        const theirs = lowered === null ? null : { token_logprobs: logprobs.map((x, i) => x - lowered(i)) };
        const choice = {
          text: '',
          token_ids: completion,
          logprobs: theirs,
          finish_reason: finished ? 'stop' : 'length',
        };
        response.end(JSON.stringify({ choices: [choice] }));
      };
      answer().catch((error: unknown) => response.destroy(error as Error));
      return LEFT_ALONE;
    },
    ...more,
  });
}

async function sourceOf(server: FakeServer, more: Partial<RolloutSource> = {}): Promise<RolloutSource> {
  const settings = { ...server.place, model: null, concurrency: 8 };
  const trial = { prompt: [1], stops: [0, 11] };
  const client = await CompletionServer.connect(settings, READER, trial, NEVER, FAST);
  return {
    server: client,
    host: null,
    samples: null,
    importanceCap: 2,
    signal: NEVER,
    onUnfaithful: () => {},
    ...more,
  };
}

const examplesOf = (groups: readonly (readonly Rollout[])[]): TrainExample[] =>
  groups.flat().map((rollout) => ({ rollout, advantage: (rollout.completion[0] ?? 0) % 2 === 0 ? 1 : -1 }));

const bytesOf = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

test('rollouts come in the order of prompts and samples, each by a seed of its own that the key decides', async (t) => {
  const server = await engineServer(t, local(), () => 0);
  const policy = new ServedPolicy(local(), await sourceOf(server));
  const once = await policy.generate(PROMPTS, 3, SAMPLING, stream(1, 'a'));
  assert.deepEqual(
    once.map((group) => group.map(({ prompt }) => prompt)),
    PROMPTS.map((prompt) => [prompt, prompt, prompt]),
  );
  assert.deepEqual(await policy.generate(PROMPTS, 3, SAMPLING, stream(1, 'a')), once);
  assert.notDeepEqual(await policy.generate(PROMPTS, 3, SAMPLING, stream(1, 'b')), once);
  const seeds = server
    .requests('/completions')
    .slice(1, 10)
    .map(({ body }) => Number(body['seed']));
  assert.equal(new Set(seeds).size, 9);
  assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31));
});

test('trained on what its own engine sampled, it is the policy that samples by itself', async (t) => {
  const [own, alone] = [local(), local()];
  const policy = new ServedPolicy(own, await sourceOf(await engineServer(t, local(), () => 0)));
  const examples = examplesOf(await policy.generate(PROMPTS, 6, SAMPLING, stream(1, 'rollouts')));
  const report = await policy.update(examples, SETTINGS, policy.frozen());
  await alone.update(examples, SETTINGS, alone.frozen());
  assert.ok(report !== null && (report.logprobDriftMax ?? 1) < 1e-3);
  const moved = own.state.weights.map((x, i) => Math.abs(x - (alone.state.weights[i] as number)));
  // AdamW's first step is of the size of the learning rate, in the direction of each gradient's sign.
  const apart = moved.filter((difference) => difference > SETTINGS.lr / 10).length;
  assert.ok(apart < moved.length / 500, `${apart} of ${moved.length} weights went elsewhere`);
});

test('the ratio is to our own log-probabilities, and the server weighs each token by what it is away from them', async (t) => {
  const own = local();
  // To the server a first token is 1.5 times less likely than to us, the others e times: weights 1.5, and 2 cut from e.
  const server = await engineServer(t, local(), (place) => (place === 0 ? Math.log(1.5) : 1));
  const policy = new ServedPolicy(own, await sourceOf(server));
  const examples = examplesOf(await policy.generate(PROMPTS, 6, SAMPLING, stream(1, 'rollouts')));
  const settings = { ...SETTINGS, kl: 0, maskTruncated: false };
  const report = await policy.update(examples, settings, policy.frozen());
  const tokens = examples.reduce((sum, { rollout }) => sum + rollout.completion.length, 0);
  // The ratio is 1 everywhere: the loss is −Σ weight · advantage / tokens.
  const expected = examples.reduce(
    (sum, { rollout, advantage }) => sum - (advantage * (1.5 + 2 * (rollout.completion.length - 1))) / tokens,
    0,
  );
  assert.ok(report !== null && Math.abs(report.loss - expected) < 1e-3, `${report?.loss}, by hand ${expected}`);
  assert.equal(report.clipFraction, 0);
  const drift = examples.reduce((sum, { rollout }) => sum + Math.log(1.5) + rollout.completion.length - 1, 0) / tokens;
  assert.ok(Math.abs((report.logprobDriftMean ?? 0) - drift) < 1e-3);
  assert.ok(Math.abs((report.logprobDriftMax ?? 0) - 1) < 1e-3);
});

test("without the server's log-probabilities every token weighs one, and the drift is not known", async (t) => {
  const [own, alone] = [local(), local()];
  const policy = new ServedPolicy(own, await sourceOf(await engineServer(t, local(), null)));
  const groups = await policy.generate(PROMPTS, 6, SAMPLING, stream(1, 'rollouts'));
  assert.ok(groups.flat().every(({ logprobs }) => logprobs.length === 0));
  const examples = examplesOf(groups);
  const scored = await alone.score(examples.map(({ rollout }) => rollout));
  const report = await policy.update(examples, SETTINGS, policy.frozen());
  assert.deepEqual([report?.logprobDriftMean, report?.logprobDriftMax], [null, null]);
  const known = examples.map(({ rollout, advantage }, i) => ({
    rollout: { ...rollout, logprobs: scored[i] as number[] },
    advantage,
  }));
  const other = await alone.update(known, SETTINGS, alone.frozen());
  assert.ok(Math.abs((report?.loss ?? 0) - (other?.loss ?? 1)) < 1e-6);
});

test('where the server samples from the base, the base here stands in for log-probabilities that it does not give', async (t) => {
  const base = local();
  const own = new OnnxPolicy(pool, null, freshState(base.state.weights.map((x, i) => x * (1 + 0.1 * Math.sin(i)))));
  const settings = { ...SETTINGS, kl: 0, maskTruncated: false };
  const updated = async (lowered: (() => number) | null) => {
    const server = await engineServer(t, base, lowered);
    const policy = new ServedPolicy(
      new OnnxPolicy(pool, null, own.state),
      await sourceOf(server, { samples: lowered === null ? base : null }),
    );
    const examples = examplesOf(await policy.generate(PROMPTS, 6, SAMPLING, stream(1, 'rollouts')));
    return policy.update(examples, settings, policy.frozen());
  };
  const [given, stoodIn] = [await updated(() => 0), await updated(null)];
  assert.ok(given !== null && stoodIn !== null);
  assert.ok((given.logprobDriftMean ?? 0) > 0.1, 'the policy is not the base');
  for (const name of ['loss', 'logprobDriftMean', 'logprobDriftMax'] as const)
    assert.ok(Math.abs((given[name] ?? 0) - (stoodIn[name] ?? 1)) < 1e-3, `${name} ${given[name]} ${stoodIn[name]}`);
});

test('examples without an advantage change nothing and give no report', async (t) => {
  const own = local();
  const before = own.state;
  const policy = new ServedPolicy(own, await sourceOf(await engineServer(t, local(), () => 0)));
  const groups = await policy.generate(PROMPTS, 2, SAMPLING, stream(1, 'rollouts'));
  const flat = groups.flat().map((rollout) => ({ rollout, advantage: 0 }));
  assert.equal(await policy.update(flat, SETTINGS, policy.frozen()), null);
  assert.equal(policy.state, before);
});

test('a request that fails ends the others of its call, and its own reason is told', async (t) => {
  let asked = 0;
  const open = new Set<object>();
  const server = await fakeServer(t, {
    '/completions': (_, response) => {
      if (asked++ === 0) return { choices: [{ token_ids: [11], finish_reason: 'stop' }] };
      if (asked === 5) return new Answer(400, { error: { message: 'no such thing' } });
      open.add(response);
      response.on('close', () => open.delete(response));
      return LEFT_ALONE;
    },
  });
  const policy = new ServedPolicy(local(), await sourceOf(server));
  await assert.rejects(
    policy.generate(PROMPTS, 8, SAMPLING, stream(1, 'a')),
    (error) => error instanceof ServerError && /no such thing/.test(error.message),
  );
  while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(asked <= 1 + 8, 'what waited in line was not sent');
});

test('the signal of the run ends a call', async (t) => {
  let asked = 0;
  const stop = new AbortController();
  const server = await fakeServer(t, {
    '/completions': () => {
      if (asked++ === 0) return { choices: [{ token_ids: [11], finish_reason: 'stop' }] };
      if (asked === 4) stop.abort();
      return LEFT_ALONE;
    },
  });
  const policy = new ServedPolicy(local(), await sourceOf(server, { signal: stop.signal }));
  await assert.rejects(policy.generate(PROMPTS, 8, SAMPLING, stream(1, 'a')), Interrupted);
  await assert.rejects(policy.generate(PROMPTS, 1, SAMPLING, stream(1, 'a')), Interrupted, 'and every later one');
});

test('completions that their tokens do not spell are counted', async (t) => {
  const server = await fakeServer(t, {
    '/completions': ({ body }) => ({
      choices: [{ text: Number(body['seed']) % 2 === 0 ? '[3]' : 'three', finish_reason: 'stop' }],
    }),
  });
  const told: number[][] = [];
  const source = await sourceOf(server, { onUnfaithful: (...counts) => told.push(counts) });
  const groups = await new ServedPolicy(local(), source).generate([[1]], 40, SAMPLING, stream(3, 'a'));
  const spelled = groups.flat().filter(({ completion }) => completion[0] === 3).length;
  assert.ok(spelled > 0 && spelled < 40);
  assert.deepEqual(told, [[40 - spelled, 40]]);
});

test('an update changes nothing at the server, and the state is that of the policy that learns', async (t) => {
  const server = await engineServer(t, local(), () => 0);
  const own = local();
  const policy = new ServedPolicy(own, await sourceOf(server));
  const examples = examplesOf(await policy.generate(PROMPTS, 6, SAMPLING, stream(1, 'rollouts')));
  const asked = server.received.length;
  await policy.update(examples, SETTINGS, policy.frozen());
  assert.equal(server.received.length, asked);
  assert.deepEqual(bytesOf(policy.state.weights), bytesOf(own.state.weights));
  const saved = policy.state;
  policy.restore(freshState(sharpWeights(QWEN3, 2)));
  assert.notEqual(own.state, saved);
});
