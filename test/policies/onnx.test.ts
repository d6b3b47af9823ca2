import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type GrpoConfig, resolveConfig } from '../../src/config.js';
import { NumericalError } from '../../src/errors.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { freshState } from '../../src/policies/state.js';
import { stream } from '../../src/random.js';
import type { Rollout, TrainExample } from '../../src/rl/rollout.js';
import { LmPool } from '../../src/workers/pool.js';
import { QWEN3, sharpWeights } from '../support/small-models.js';

const pool = new LmPool(QWEN3, 'cpu', 2, 1, () => {});
after(() => pool.close());

const SETTINGS: GrpoConfig = { ...resolveConfig({ preset: 'tiny' }).rl.solver, lr: 1e-3, kl: 0.1 };
const PROMPTS = [[1, 2], [3, 4, 5], [6], [7, 8, 9, 10]];
const SAMPLING = samplingSettings({ maxTokens: 9, stops: [0, 11] });

const fresh = (seed = 1): OnnxPolicy => new OnnxPolicy(pool, null, freshState(sharpWeights(QWEN3, seed)));

/** Rollouts of every prompt; the ones that begin with an even token are to become more likely. */
async function examplesOf(policy: OnnxPolicy, seed = 1): Promise<TrainExample[]> {
  const groups = await policy.generate(PROMPTS, 6, SAMPLING, stream(seed, 'rollouts'));
  return groups.flat().map((rollout) => ({ rollout, advantage: (rollout.completion[0] ?? 0) % 2 === 0 ? 1 : -1 }));
}

const bytesOf = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

test('rollouts come in the order of prompts and samples, and depend on the key alone', async () => {
  const policy = fresh();
  const once = await policy.generate(PROMPTS, 3, SAMPLING, stream(1, 'a'));
  const again = await policy.generate(PROMPTS, 3, SAMPLING, stream(1, 'a'));
  const other = await policy.generate(PROMPTS, 3, SAMPLING, stream(1, 'b'));
  assert.deepEqual(
    once.map((group) => group.map(({ prompt }) => prompt)),
    PROMPTS.map((prompt) => [prompt, prompt, prompt]),
  );
  assert.deepEqual(again, once);
  assert.notDeepEqual(other, once);
});

test('one worker draws the tokens that two draw', async (t) => {
  const single = new LmPool(QWEN3, 'cpu', 1, 1, () => {});
  t.after(() => single.close());
  const alone = new OnnxPolicy(single, null, freshState(sharpWeights(QWEN3, 1)));
  const tokens = (groups: readonly (readonly Rollout[])[]) => groups.flat().map(({ completion }) => completion);
  const key = stream(2, 'rollouts');
  assert.deepEqual(
    tokens(await alone.generate(PROMPTS, 5, SAMPLING, key)),
    tokens(await fresh().generate(PROMPTS, 5, SAMPLING, key)),
  );
});

test('scores are the log-probabilities that were recorded, in order', async () => {
  const policy = fresh();
  const rollouts = (await policy.generate(PROMPTS, 5, SAMPLING, stream(3, 'rollouts'))).flat();
  const scored = await policy.score(rollouts);
  rollouts.forEach(({ logprobs }, i) => {
    assert.equal(scored[i]?.length, logprobs.length);
    logprobs.forEach((logprob, t) => {
      assert.ok(Math.abs(logprob - (scored[i]?.[t] ?? Number.NaN)) < 1e-3);
    });
  });
});

test('the same update from the same state gives the same weights, bit for bit', async () => {
  const [a, b] = [fresh(), fresh()];
  const examples = await examplesOf(a);
  assert.deepEqual(await a.update(examples, SETTINGS, a.frozen()), await b.update(examples, SETTINGS, b.frozen()));
  for (const part of ['weights', 'first', 'second'] as const)
    assert.deepEqual(bytesOf(a.state[part]), bytesOf(b.state[part]), part);
  assert.notDeepEqual(bytesOf(a.state.weights), bytesOf(fresh().state.weights));
});

test('an on-policy update reports no drift, no KL and nothing clipped', async () => {
  const policy = fresh();
  const examples = await examplesOf(policy);
  const report = await policy.update(examples, { ...SETTINGS, maskTruncated: false }, policy.frozen());
  assert.ok(report !== null);
  const { logprobDriftMean: mean, logprobDriftMax: max } = report;
  assert.ok(mean !== null && max !== null && max < 1e-3 && mean <= max);
  assert.ok(Math.abs(report.kl) < 1e-5);
  assert.equal(report.clipFraction, 0);
  assert.equal(
    report.tokens,
    examples.reduce((sum, { rollout }) => sum + rollout.completion.length, 0),
  );
  assert.ok(report.entropy > 0 && report.entropy < Math.log(QWEN3.vocabularySize));
});

test('examples without an advantage change nothing and give no report', async () => {
  const policy = fresh();
  const before = policy.state;
  const examples = (await examplesOf(policy)).map((example) => ({ ...example, advantage: 0 }));
  assert.equal(await policy.update(examples, SETTINGS, policy.frozen()), null);
  assert.equal(await policy.update([], SETTINGS, policy.frozen()), null);
  assert.equal(policy.state, before);
});

test('answers cut by the token limit are left out only when the setting says so', async () => {
  const examples = await examplesOf(fresh());
  const tokensOf = (kept: readonly TrainExample[]): number =>
    kept.reduce((sum, { rollout }) => sum + rollout.completion.length, 0);
  const finished = examples.filter(({ rollout }) => rollout.finished);
  assert.ok(finished.length > 0 && finished.length < examples.length, 'some are cut');
  for (const [maskTruncated, kept] of [
    [true, finished],
    [false, examples],
  ] as const) {
    const policy = fresh();
    const report = await policy.update(examples, { ...SETTINGS, maskTruncated }, policy.frozen());
    assert.equal(report?.tokens, tokensOf(kept));
  }
  const policy = fresh();
  const cut = examples.filter(({ rollout }) => !rollout.finished);
  assert.equal(await policy.update(cut, SETTINGS, policy.frozen()), null);
});

test('each minibatch of each epoch is one step of the optimiser', async () => {
  const policy = fresh();
  const examples = await examplesOf(policy);
  const settings = { ...SETTINGS, minibatches: 3, epochs: 2, maskTruncated: false };
  const report = await policy.update(examples, settings, policy.frozen());
  assert.equal(policy.state.step, 6);
  assert.ok((report?.kl ?? 0) > 0, 'later steps are off-policy');
  assert.ok((report?.logprobDriftMax ?? 1) < 1e-3, 'the drift is that of the first step');
});

test('token averaging weighs long answers more, sequence averaging all alike', async () => {
  const short = { prompt: [1, 2], completion: [11], logprobs: [0], finished: true };
  const long = { prompt: [1, 2], completion: [4, 5, 6, 7, 11], logprobs: [0, 0, 0, 0, 0], finished: true };
  const exact = async (rollout: Rollout): Promise<Rollout> => ({
    ...rollout,
    logprobs: (await fresh().score([rollout]))[0] ?? [],
  });
  const examples = [
    { rollout: await exact(short), advantage: 1 },
    { rollout: await exact(long), advantage: -1 },
  ];
  const loss = async (averaging: 'token' | 'sequence'): Promise<number> => {
    const policy = fresh();
    return (await policy.update(examples, { ...SETTINGS, kl: 0, averaging }, policy.frozen()))?.loss ?? Number.NaN;
  };
  assert.ok(Math.abs((await loss('sequence')) - 0) < 1e-5); // −(1 − 1) / 2
  assert.ok(Math.abs((await loss('token')) - 4 / 6) < 1e-5); // −(1·1 − 5·1) / 6
});

test('an update that fails at its second step leaves the state of before the first', async () => {
  const policy = fresh();
  const before = policy.state;
  const examples = (await examplesOf(policy)).filter(({ rollout }) => rollout.finished);
  const last = examples.at(-1) as TrainExample;
  // A log-probability of −10⁴ makes the ratio of the second minibatch's last answer infinite.
  const broken = {
    ...last,
    advantage: -1,
    rollout: { ...last.rollout, logprobs: last.rollout.logprobs.map(() => -1e4) },
  };
  const settings = { ...SETTINGS, minibatches: 2 };
  await assert.rejects(policy.update([...examples.slice(0, -1), broken], settings, policy.frozen()), NumericalError);
  assert.equal(policy.state, before);
  const [a, b] = [policy, fresh()];
  await a.update(examples, SETTINGS, a.frozen());
  await b.update(examples, SETTINGS, b.frozen());
  assert.deepEqual(bytesOf(a.state.weights), bytesOf(b.state.weights), 'and it goes on as if nothing had been');
});

test('a frozen policy is not touched by later updates', async () => {
  const policy = fresh();
  const examples = await examplesOf(policy);
  const frozen = policy.frozen();
  const rollouts = examples.map(({ rollout }) => rollout);
  const before = await frozen.score(rollouts);
  await policy.update(examples, { ...SETTINGS, lr: 0.05 }, frozen);
  assert.deepEqual(await frozen.score(rollouts), before);
  assert.notDeepEqual(await policy.score(rollouts), before);
});

test('a restored state goes on to the same weights', async () => {
  const policy = fresh();
  const examples = await examplesOf(policy);
  const reference = policy.frozen();
  await policy.update(examples, SETTINGS, reference);
  const saved = policy.state;
  await policy.update(examples, SETTINGS, reference);
  const resumed = fresh(2);
  resumed.restore(saved);
  await resumed.update(examples, SETTINGS, reference);
  assert.deepEqual(bytesOf(resumed.state.weights), bytesOf(policy.state.weights));
  assert.equal(resumed.state.step, 2);
});

for (const ratio of ['token', 'sequence'] as const) {
  test(`ten updates that reward one token make it likely (${ratio} ratio)`, async () => {
    const policy = fresh();
    const [prompt, rewarded] = [[1, 2, 3], 5];
    const probability = async (): Promise<number> =>
      Math.exp((await policy.score([{ prompt, completion: [rewarded] }]))[0]?.[0] ?? Number.NaN);
    const settings = { ...SETTINGS, ratio, kl: 0, lr: 0.01, maskTruncated: false };
    const before = await probability();
    for (let step = 0; step < 10; step++) {
      const sampling = { ...SAMPLING, maxTokens: 1 };
      const [group = []] = await policy.generate([prompt], 128, sampling, stream(5, step));
      const rewards = group.map(({ completion }): number => (completion[0] === rewarded ? 1 : 0));
      const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
      const examples = group.map((rollout, i) => ({ rollout, advantage: (rewards[i] as number) - mean }));
      await policy.update(examples, settings, policy.frozen());
    }
    const gained = await probability();
    assert.ok(before < 0.2 && gained > 0.5, `from ${before} to ${gained}`);
  });
}
