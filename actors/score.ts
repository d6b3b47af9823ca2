import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { loadModel, withPolicy } from './model.js';

export interface ScoreRow {
  readonly prompt_tokens: readonly number[];
  readonly tokens: readonly number[];
  /** Natural log-probability of each completion token at temperature 1. */
  readonly logprobs: readonly number[];
}

/** Pairs scored in one call of the workers. */
const BATCH = 256;

/** Log-probabilities of completions, in the order of the pairs. @throws UsageError for an empty or too long one. */
export async function* score(settings: {
  readonly model: string;
  readonly executionProvider: ExecutionProvider;
  readonly pairs: AsyncIterable<{ readonly prompt: string; readonly completion: string }>;
}): AsyncGenerator<ScoreRow> {
  const model = loadModel(settings.model);
  const rows: ScoreRow[] = [];
  // The workers live for the whole stream; rows leave in batches.
  const queue: { prompt: readonly number[]; completion: readonly number[] }[] = [];
  const batches: (typeof queue)[] = [];
  for await (const { prompt, completion } of settings.pairs) {
    const pair = { prompt: model.tokenizer.encode(prompt), completion: model.tokenizer.encode(completion) };
    if (pair.prompt.length === 0 || pair.completion.length === 0) {
      throw new UsageError(
        `prompt and completion must have at least one token each, got ${JSON.stringify({ prompt, completion })}`,
      );
    }
    const length = pair.prompt.length + pair.completion.length;
    if (length > model.config.maxPositions) {
      throw new UsageError(
        `a prompt and completion of ${length} tokens do not fit the model's ${model.config.maxPositions} positions`,
      );
    }
    queue.push(pair);
    if (queue.length === BATCH) batches.push(queue.splice(0));
  }
  if (queue.length > 0) batches.push(queue);
  await withPolicy(model, { ...settings, workers: 1 }, async (policy) => {
    for (const batch of batches) {
      const scored = await policy.score(batch);
      for (const [i, { prompt, completion }] of batch.entries()) {
        rows.push({ prompt_tokens: prompt, tokens: completion, logprobs: scored[i] ?? [] });
      }
    }
  });
  yield* rows;
}
