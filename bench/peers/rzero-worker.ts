import { openModel } from '../../actors/model.js';
import { parseConfig } from '../../src/config.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { OnnxPolicy } from '../../src/policies/onnx.js';
import { OnnxReader } from '../../src/policies/reader.js';
import { freshState } from '../../src/policies/state.js';
import { PRESETS } from '../../src/presets.js';
import { stream } from '../../src/random.js';
import type { TrainExample } from '../../src/rl/rollout.js';
import { LmPool } from '../../src/workers/pool.js';
import type { FrozenWeights } from '../../src/workers/tasks.js';
import type { Job } from './job.js';
import { type Engine, serve } from './worker.js';

/** rzero as the loop and `rzero sample` use it: a pool under a policy, or under a reader of a large model's file.
 *  `settings.batch` is the number of workers. */
await serve((job) => Promise.resolve(engineFor(job)));

function engineFor({ config, ...job }: Job): Engine {
  const { weights } = openModel(job.modelFolder);
  const pool = new LmPool(config, 'cpu', job.settings.batch, job.settings.threads, () => {});
  const policy = weights instanceof Float32Array ? new OnnxPolicy(pool, null, freshState(weights)) : null;
  const reader = policy ?? new OnnxReader(pool, weights as FrozenWeights);
  const grpo = {
    ...parseConfig(PRESETS.tiny).rl.solver,
    kl: 0,
    lr: 1e-5,
    maskTruncated: false,
    epochs: 1,
    minibatches: 1,
  };
  const sampling = samplingSettings({ maxTokens: job.newTokens, stops: [] });
  let turn = 0;
  return {
    agree: async ({ prompts, newTokens, continuations }) => {
      const greedy = await reader.generate(prompts, 1, { ...sampling, maxTokens: newTokens, temperature: 0 }, 0);
      const own = greedy.map(([rollout]) => rollout?.completion ?? []);
      const forced = continuations.length > 0 ? continuations : own;
      const pairs = prompts.map((prompt, i) => ({ prompt, completion: forced[i] ?? [] }));
      return { greedy: own, logprobs: await reader.score(pairs) };
    },
    decode: async ({ prompts, samples, newTokens }) => {
      await reader.generate(prompts, samples, sampling, stream(turn++, 'peers'));
      return prompts.length * samples * newTokens;
    },
    train: async ({ sequences, advantages }) => {
      const examples = sequences.map(([first = 0, ...rest], i): TrainExample => {
        const logprobs = rest.map(() => -Math.log(config.vocabularySize));
        const rollout = { prompt: [first], completion: rest, logprobs, finished: true };
        return { rollout, advantage: advantages[i] ?? 0 };
      });
      if (policy === null) throw new Error('a model that stays in its file is not trained');
      await policy.update(examples, grpo, policy);
      return sequences.reduce((sum, sequence) => sum + sequence.length - 1, 0);
    },
  };
}
