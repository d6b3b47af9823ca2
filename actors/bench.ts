import { parseConfig } from '../src/config.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { samplingSettings } from '../src/lm/batching.js';
import { parameterLayout } from '../src/lm/parameters.js';
import { PRESETS } from '../src/presets.js';
import { stream } from '../src/random.js';
import type { TrainExample } from '../src/rl/rollout.js';
import { formatOf, loadModel, withPolicy } from './model.js';
import type { OnProgress } from './progress.js';

export interface Speed {
  readonly decode: { readonly tokens_per_second: number; readonly gflops: number };
  readonly train: { readonly tokens_per_second: number; readonly gflops: number };
  readonly limit: { readonly gflops: number };
}

/** Questions × samples that decoding is measured on: the Solver's own workload. */
const [QUESTIONS, SAMPLES, REPEATS] = [128, 10, 3];

/** Tokens per second of decoding and training with the loop's own code, and the GFLOP/s that they stand for (2 and 6
 *  operations a weight and token), beside those of a large matrix product on as many threads. */
export async function measureSpeed(settings: {
  readonly model: string;
  readonly executionProvider: ExecutionProvider;
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly onProgress: OnProgress;
}): Promise<Speed> {
  const model = loadModel(settings.model);
  const format = formatOf(model);
  const config = parseConfig(PRESETS.tiny).rl.solver;
  const weightCount = parameterLayout(model.config).size;
  const sampling = samplingSettings({ maxTokens: config.maxTokens, stops: format.solverStops });
  const questions = Array.from({ length: QUESTIONS }, (_, i) => `What is ${100 + 7 * i} plus ${999 - 5 * i}?`);
  const prompts = questions.map((question) =>
    model.tokenizer.encode(format.solverPrompt(question, 'math') + format.workedPrefix),
  );

  return withPolicy(model, settings, async (policy, pool) => {
    const rates = { decode: [] as number[], train: [] as number[], limit: [] as number[] };
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      settings.onProgress({ label: 'bench', done: repeat, total: REPEATS + 1, unit: 'rounds' });
      const decoded = await rate(async () => {
        const groups = await policy.generate(prompts, SAMPLES, sampling, stream(repeat, 'bench'));
        const rollouts = groups.flat();
        return { count: rollouts.reduce((sum, { completion }) => sum + completion.length, 0), rollouts };
      });
      const examples: TrainExample[] = decoded.result.rollouts
        .slice(0, 512)
        .map((rollout, i) => ({ rollout, advantage: i % 2 === 0 ? 1 : -1 }));
      const trained = await rate(async () => {
        await policy.update(examples, { ...config, kl: 0, lr: 1e-9, maskTruncated: false }, policy);
        return {
          count: examples.reduce((sum, { rollout }) => sum + rollout.prompt.length + rollout.completion.length, 0),
        };
      });
      const limit = await Promise.all(
        Array.from({ length: settings.workers }, (_, worker) => pool.run(worker, 'peak', {})),
      );
      if (repeat === 0) continue; // the first round makes the sessions
      rates.decode.push(decoded.perSecond);
      rates.train.push(trained.perSecond);
      rates.limit.push(limit.reduce((sum, { gflops }) => sum + gflops, 0));
    }
    settings.onProgress({ label: 'bench', done: REPEATS + 1, total: REPEATS + 1, unit: 'rounds' });
    const [decode, train] = [median(rates.decode), median(rates.train)];
    return {
      decode: { tokens_per_second: decode, gflops: (2 * weightCount * decode) / 1e9 },
      train: { tokens_per_second: train, gflops: (6 * weightCount * train) / 1e9 },
      limit: { gflops: median(rates.limit) },
    };
  });
}

async function rate<T extends { readonly count: number }>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly perSecond: number }> {
  const start = performance.now();
  const result = await work();
  return { result, perSecond: (1000 * result.count) / (performance.now() - start) };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
