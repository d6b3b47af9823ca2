import { UsageError } from '../src/errors.js';
import type { ExecutionProvider } from '../src/graph/session.js';
import { encodeOpened } from '../src/lm/tokenizer.js';
import { OnnxReader } from '../src/policies/reader.js';
import type { Rollout } from '../src/rl/rollout.js';
import { LmPool } from '../src/workers/pool.js';
import { type ReadableModel, readableModel, smallCrew } from './model.js';

export interface ScoreRow {
  readonly prompt_tokens: readonly number[];
  readonly tokens: readonly number[];
  /** Natural log-probability of each completion token at temperature 1. */
  readonly logprobs: readonly number[];
}

interface Pair {
  readonly prompt: string;
  readonly completion: string;
}
type Encoded = Pick<Rollout, 'prompt' | 'completion'>;

/** Pairs scored in one call of the worker; their rows leave before the next are read. */
const BATCH = 256;

/** Log-probabilities of completions, in the order of the pairs. @throws UsageError for an empty or too long one. */
export async function* score(settings: {
  readonly model: string;
  readonly executionProvider: ExecutionProvider;
  readonly pairs: AsyncIterable<Pair>;
}): AsyncGenerator<ScoreRow> {
  const model = readableModel(settings.model);
  const { workers, threadsPerWorker } = smallCrew(model.weights);
  const pool = new LmPool(model.config, settings.executionProvider, workers, threadsPerWorker, () => {});
  const reader = new OnnxReader(pool, model.weights);
  try {
    const batch: Encoded[] = [];
    for await (const pair of settings.pairs) {
      batch.push(encode(model, pair));
      if (batch.length === BATCH) yield* rows(reader, batch.splice(0));
    }
    yield* rows(reader, batch);
  } finally {
    await pool.close();
  }
}

async function* rows(reader: OnnxReader, batch: readonly Encoded[]): AsyncGenerator<ScoreRow> {
  const scored = await reader.score(batch);
  for (const [i, { prompt, completion }] of batch.entries()) {
    yield { prompt_tokens: prompt, tokens: completion, logprobs: scored[i] ?? [] };
  }
}

function encode({ config, tokenizer }: ReadableModel, pair: Pair): Encoded {
  const [prompt, completion] = [encodeOpened(tokenizer, pair.prompt), tokenizer.encode(pair.completion)];
  if (prompt.length === 0 || completion.length === 0) {
    throw new UsageError(`prompt and completion must have at least one token each, got ${JSON.stringify(pair)}`);
  }
  const length = prompt.length + completion.length;
  if (length > config.maxPositions) {
    throw new UsageError(
      `a prompt and completion of ${length} tokens do not fit the model's ${config.maxPositions} positions`,
    );
  }
  return { prompt, completion };
}
