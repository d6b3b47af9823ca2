import type { ExecutionProvider } from '../src/graph/session.js';
import { samplingSettings } from '../src/lm/batching.js';
import { promptFormatFor } from '../src/lm/prompts.js';
import type { TokenChoice } from '../src/lm/sampling.js';
import { tokenTexts } from '../src/lm/tokenizer.js';
import { stream } from '../src/random.js';
import { readableModel, smallCrew, withReader } from './model.js';

export interface SampleSettings {
  readonly model: string;
  readonly prompts: readonly string[];
  readonly count: number;
  readonly choice: TokenChoice;
  /** Texts that end a completion, and are part of it. */
  readonly stops: readonly string[];
  readonly maxTokens: number;
  readonly seed: number;
  readonly executionProvider: ExecutionProvider;
}

/** Completions of each prompt, in order. A prompt without an answer mark is one for the Challenger, and ends where a
 *  question ends. */
export async function* sample(
  settings: SampleSettings,
): AsyncGenerator<{ readonly prompt: string; readonly completions: readonly string[] }> {
  const model = readableModel(settings.model);
  const { solverStops } = promptFormatFor(model.tokenizer);
  const { choice, count, maxTokens, stops: texts } = settings;
  const stopTexts = texts.length === 0 ? null : { texts, pieces: tokenTexts(model.tokenizer) };
  const sampling = samplingSettings({ ...choice, maxTokens, stops: solverStops, stopTexts });
  const prompts = settings.prompts.map((prompt) => model.tokenizer.encode(prompt));
  const { executionProvider } = settings;
  const groups = await withReader(model, { executionProvider, ...smallCrew(model.weights) }, (reader) =>
    reader.generate(prompts, count, sampling, stream(settings.seed, 'sample')),
  );
  for (const [i, group] of groups.entries()) {
    yield {
      prompt: settings.prompts[i] ?? '',
      completions: group.map(({ completion }) => model.tokenizer.decode(completion)),
    };
  }
}
