import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { samplingSettings } from '../src/lm/batching.js';
import type { TokenChoice } from '../src/lm/sampling.js';
import { stopTexts } from '../src/lm/stop-texts.js';
import { encodeOpened, type Tokenizer } from '../src/lm/tokenizer.js';
import { stream } from '../src/random.js';
import { readableModel, smallCrew, withReader } from './model.js';

export interface SampleSettings {
  readonly model: string;
  readonly prompts: readonly string[];
  /** Whether a prompt is a user's message, put through the chat template; null completes it as it stands. */
  readonly chat: null | {
    /** Qwen3's switch; null leaves it to the template. */
    readonly enableThinking: boolean | null;
  };
  readonly count: number;
  readonly choice: TokenChoice;
  /** Texts that end a completion, and are part of it. */
  readonly stops: readonly string[];
  readonly maxTokens: number;
  readonly seed: number;
  readonly executionProvider: ExecutionProvider;
}

/** Completions of each prompt, in order. They end at any token that ends a text for the checkpoint.
 *  @throws UsageError for a chat with a model that has no chat template. */
export async function* sample(
  settings: SampleSettings,
): AsyncGenerator<{ readonly prompt: string; readonly completions: readonly string[] }> {
  const model = readableModel(settings.model);
  const { tokenizer } = model;
  const { choice, count, maxTokens, stops: texts } = settings;
  const sampling = samplingSettings({
    ...choice,
    maxTokens,
    stops: tokenizer.endIds,
    stopTexts: texts.length === 0 ? null : stopTexts(tokenizer, texts),
  });
  const prompts = settings.prompts.map((prompt) => promptTokens(tokenizer, prompt, settings));
  const { executionProvider } = settings;
  const groups = await withReader(model, { executionProvider, ...smallCrew(model.weights) }, (reader) =>
    reader.generate(prompts, count, sampling, stream(settings.seed, 'sample')),
  );
  for (const [i, group] of groups.entries()) {
    yield {
      prompt: settings.prompts[i] ?? '',
      completions: group.map(({ completion }) => tokenizer.decode(completion)),
    };
  }
}

function promptTokens(tokenizer: Tokenizer, prompt: string, { chat, model }: SampleSettings): number[] {
  if (chat === null) return encodeOpened(tokenizer, prompt);
  if (tokenizer.chat === null) {
    throw new UsageError(`${model} has no chat template; leave --chat out, or give it a chat_template.jinja`);
  }
  const message = { role: 'user', content: prompt } as const;
  return tokenizer.encode(
    tokenizer.chat.render([message], { addGenerationPrompt: true, enableThinking: chat.enableThinking }),
  );
}
