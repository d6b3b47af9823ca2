import type { Value } from '../graph/node.js';
import {
  add,
  cast,
  constant,
  customGradient,
  gather,
  gatherElements,
  input,
  loop,
  matmul,
  mul,
  oneHot,
  reduceSum,
  reshape,
  reshapeLike,
  shapeOf,
  slice,
  softmax,
  sub,
  tokenLogprob,
  transposed,
  zeros,
} from '../graph/ops.js';
import { isStored, logits } from './weights.js';

/** What a loss needs of the model at each position. */
export interface TokenScores {
  /** Log-probability of the target, [B, T]. */
  readonly logprobs: Value;
  /** Entropy of the distribution in nats, [B, T]; no gradient flows through it. */
  readonly entropy: Value;
}

/** Vocabularies from this size on are scored in chunks: [tokens, V] would be the largest tensor of all. */
export const LARGE_VOCABULARY = 8192;
/** Tokens of a chunk; padded widths are multiples of it. */
export const CHUNK_TOKENS = 128;

/** Scores of `targets` [B, T] under hidden states [B, T, D] and the output matrix [V, D]. */
export function tokenScores(hidden: Value, table: Value, targets: Value): TokenScores {
  const vocabularySize = table.shape[0] as number;
  return vocabularySize < LARGE_VOCABULARY
    ? scoresAtOnce(hidden, table, targets)
    : scoresInChunks(hidden, table, targets);
}

export function scoresAtOnce(hidden: Value, table: Value, targets: Value): TokenScores {
  const scores = logits(hidden, table); // [B, T, V]
  const logprobs = tokenLogprob(scores, targets);
  const column = reshape(targets, ['B', 'T', 1]);
  return { logprobs, entropy: reshape(entropyOf(scores, column, reshape(logprobs, ['B', 'T', 1])), ['B', 'T']) };
}

/** log Σ exp(z) − Σ p·z, with the first read off a target's logit and log-probability: […, 1]. */
function entropyOf(scores: Value, target: Value, logprob: Value): Value {
  const expected = reduceSum(mul(softmax(scores), scores), [-1]);
  return sub(sub(gatherElements(scores, target), logprob), expected);
}

/** The same a chunk at a time: logits are made, used and forgotten, forward and again backward. */
export function scoresInChunks(hidden: Value, table: Value, targets: Value): TokenScores {
  const [vocabularySize, D] = table.shape as readonly [number, number];
  const rows = reshape(hidden, ['C', CHUNK_TOKENS, D]);
  const labels = reshape(targets, ['C', CHUNK_TOKENS, 1]);
  const turns = reshape(slice(shapeOf(rows), 0, 0, 1), []);
  const iteration = (): Value => input('chunk', [], 'int64');
  const logitsOf = (chunk: Value): Value => logits(gather(rows, chunk), table); // [c, V]

  const forward = iteration();
  const scores = logitsOf(forward);
  const label = gather(labels, forward); // [c, 1]
  const logprob = reshape(tokenLogprob(scores, reshape(label, [CHUNK_TOKENS])), [CHUNK_TOKENS, 1]);
  const stacked = [logprob, entropyOf(scores, label, logprob)];
  const [logprobs, entropy] = loop(turns, [], { iteration: forward, carried: [], nextCarried: [], stacked }, [], 'C');

  const backward = (gradient: Value): Value[] => {
    const chunk = iteration();
    const own = gather(reshape(gradient, ['C', CHUNK_TOKENS, 1]), chunk); // [c, 1]
    const hot = oneHot(reshape(gather(labels, chunk), [CHUNK_TOKENS]), vocabularySize);
    const toLogits = mul(sub(hot, softmax(logitsOf(chunk))), own); // [c, V]
    if (isStored(table)) {
      const stacked = [matmul(toLogits, cast(table, 'float32'))];
      const [ofRows] = loop(turns, [], { iteration: chunk, carried: [], nextCarried: [], stacked }, [], 'C');
      return [reshapeLike(ofRows as Value, hidden)];
    }
    const sum = input('tableGradient', [vocabularySize, D]);
    const [ofTable, ofRows] = loop(
      turns,
      [zeros([vocabularySize, D], constant([vocabularySize, D], [2], 'int64'))],
      {
        iteration: chunk,
        carried: [sum],
        nextCarried: [add(sum, matmul(transposed(toLogits), gather(rows, chunk)))],
        stacked: [matmul(toLogits, table)],
      },
      [[vocabularySize, D]],
      'C',
    );
    return [reshapeLike(ofRows as Value, hidden), ofTable as Value];
  };
  const scored = reshapeLike(logprobs as Value, targets); // [B, T]
  return {
    logprobs: customGradient(scored, isStored(table) ? [hidden] : [hidden, table], backward),
    entropy: reshapeLike(entropy as Value, targets),
  };
}
