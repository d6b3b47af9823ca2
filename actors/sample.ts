import type { ExecutionProvider } from '../src/graph/session.js';
import { samplingSettings } from '../src/lm/batching.js';
import { promptFormatFor } from '../src/lm/prompts.js';
import { stream } from '../src/random.js';
import { loadModel, withPolicy } from './model.js';

export interface SampleSettings {
  readonly model: string;
  readonly prompts: readonly string[];
  readonly count: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly executionProvider: ExecutionProvider;
}

/** Completions of each prompt, in order. A prompt without an answer mark is one for the Challenger, and ends where a
 *  question ends. */
export async function* sample(
  settings: SampleSettings,
): AsyncGenerator<{ readonly prompt: string; readonly completions: readonly string[] }> {
  const model = loadModel(settings.model);
  const { solverStops } = promptFormatFor(model.tokenizer);
  const { temperature, count } = settings;
  const sampling = samplingSettings({ temperature, maxTokens: settings.maxTokens, stops: solverStops });
  const prompts = settings.prompts.map((prompt) => model.tokenizer.encode(prompt));
  const groups = await withPolicy(model, { ...settings, workers: 1, threadsPerWorker: 1 }, (policy) =>
    policy.generate(prompts, count, sampling, stream(settings.seed, 'sample')),
  );
  for (const [i, group] of groups.entries()) {
    yield {
      prompt: settings.prompts[i] ?? '',
      completions: group.map(({ completion }) => model.tokenizer.decode(completion)),
    };
  }
}
