import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { resolveConfig } from '../../src/config.js';
import { lastBoxed } from '../../src/grading/boxed.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { promptFormatFor } from '../../src/lm/prompts.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { ServedPolicy } from '../../src/policies/served.js';
import { freshState } from '../../src/policies/state.js';
import { stream } from '../../src/random.js';
import { CompletionServer } from '../../src/remote/completion-server.js';
import { groupAdvantages } from '../../src/rl/advantages.js';
import type { Rollout } from '../../src/rl/rollout.js';
import { countVotes } from '../../src/rl/vote.js';
import { LmPool } from '../../src/workers/pool.js';
import { placeAt } from '../support/fake-server.js';
import { llamaServer } from '../support/llama-server.js';
import { peerPackage } from '../support/outside.js';
import { temporaryFolder } from '../support/temporary.js';

/** The embedded model, trained here on what llama.cpp samples from it. */

const TINY = 'models/tiny';
const NEVER = new AbortController().signal;

const tokensOf = (groups: readonly (readonly Rollout[])[]) =>
  groups.flat().map(({ completion, finished }) => ({ completion, finished }));

async function served(t: TestContext) {
  const packageFolder = peerPackage(t, 'llama.cpp', 'node-llama-cpp');
  if (packageFolder === null) return null;
  const checkpoint = loadCheckpoint(TINY);
  const tokenizer = loadTokenizer(TINY);
  const url = await llamaServer(t, packageFolder, temporaryFolder(t), checkpoint);
  const pool = new LmPool(checkpoint.config, 'cpu', 1, 1, () => {});
  t.after(() => pool.close());
  const format = promptFormatFor(tokenizer);
  const server = await CompletionServer.connect(
    { ...placeAt(url), timeoutSeconds: 60, model: null, concurrency: 16 },
    { tokenizer, vocabularySize: checkpoint.config.vocabularySize },
    { prompt: tokenizer.encode(format.challengerPrompt), stops: format.challengerStops },
    NEVER,
  );
  const own = new OnnxPolicy(pool, null, freshState(checkpoint.weights));
  const policy = new ServedPolicy(own, {
    server,
    host: null,
    samples: null,
    importanceCap: 2,
    signal: NEVER,
    onUnfaithful: () => {},
  });
  return { server, own, policy, tokenizer, format };
}

test("llama.cpp's rollouts answer, vote and train, and its log-probabilities are ours", async (t) => {
  const all = await served(t);
  if (all === null) return;
  const { server, own, policy, tokenizer, format } = all;
  assert.deepEqual(server.abilities, { tokenPrompts: true, tokenIds: true, logprobs: true });

  const questions = ['What is 7 plus 5?', 'What is 86 minus 9?', 'What is 58 plus 34?', 'What is 4 times 6?'];
  const prompts = questions.map((question) => tokenizer.encode(format.solverPrompt(question, 'math')));
  const sampling = samplingSettings({ maxTokens: 64, stops: format.solverStops });
  const groups = await policy.generate(prompts, 8, sampling, stream(0, 'answers'));
  // Seeds are honoured; the last bits of log-probabilities depend on what else is in a batch.
  assert.deepEqual(tokensOf(await policy.generate(prompts, 8, sampling, stream(0, 'answers'))), tokensOf(groups));

  const answers = groups.map((group) =>
    group.map(({ completion }) => lastBoxed(tokenizer.decode(completion.slice(0, -1)))),
  );
  const votes = answers.map((group) => countVotes(group));
  assert.equal(votes[0]?.pseudoLabel, '12');
  assert.ok(votes.every(({ answerCount, voteShare }) => answerCount === 8 && voteShare > 0));

  const examples = groups.flatMap((group, i) => {
    const rewards = group.map((_, s) => (answers[i]?.[s] === votes[i]?.pseudoLabel ? 1 : 0));
    return group.map((rollout, s) => ({ rollout, advantage: groupAdvantages(rewards, true)[s] as number }));
  });
  const before = own.state.weights.slice();
  const settings = { ...resolveConfig({ preset: 'tiny' }).rl.solver, kl: 0 };
  const report = await policy.update(examples, settings, policy.frozen());
  assert.ok(report !== null, 'some groups do not agree');
  const { logprobDriftMean: mean, logprobDriftMax: max } = report;
  assert.ok(mean !== null && max !== null && mean > 0 && mean < 1e-3, `drift ${mean}, at most ${max}`);
  assert.notDeepEqual(own.state.weights, before);
});

test("llama.cpp's likeliest tokens are ours", async (t) => {
  const all = await served(t);
  if (all === null) return;
  const { own, policy, tokenizer, format } = all;
  const prompts = ['What is 12 plus 34?', 'What is 9 times 8?'].map((question) =>
    tokenizer.encode(format.solverPrompt(question, 'math')),
  );
  const greedy = samplingSettings({ temperature: 0, maxTokens: 64, stops: format.solverStops });
  assert.deepEqual(
    tokensOf(await policy.generate(prompts, 1, greedy, 1)),
    tokensOf(await own.generate(prompts, 1, greedy, 1)),
  );
});
