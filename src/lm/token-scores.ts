import type { Dim, Value } from '../graph/node.js';
import {
  add,
  cast,
  concat,
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

  const forward = iteration();
  const scoresOf = (x: Value, label: Value): Value[] => {
    const scores = logits(x, table); // [c, V]
    const size = x.shape[0] as Dim;
    const logprob = reshape(tokenLogprob(scores, reshape(label, [size])), [size, 1]);
    return [logprob, entropyOf(scores, label, logprob)];
  };
  const stacked = scoresOf(gather(rows, forward), gather(labels, forward));
  const [logprobs, entropy] = loop(
    turns,
    [],
    { iteration: forward, carried: [], nextCarried: [], stacked },
    [],
    'C',
    () => stackedParts([hidden, targets], ([x, label]) => scoresOf(x as Value, label as Value)),
  );

  const backward = (gradient: Value): Value[] => {
    const chunk = iteration();
    const own = reshape(gradient, ['C', CHUNK_TOKENS, 1]);
    const toLogits = (x: Value, label: Value, g: Value): Value => {
      const hot = oneHot(reshape(label, [x.shape[0] as Dim]), vocabularySize);
      return mul(sub(hot, softmax(logits(x, table))), g); // [c, V]
    };
    const ofChunk = toLogits(gather(rows, chunk), gather(labels, chunk), gather(own, chunk));
    const toRows = (x: Value): Value => matmul(x, cast(table, 'float32')); // [c, D]
    if (isStored(table)) {
      const [ofRows] = loop(
        turns,
        [],
        { iteration: chunk, carried: [], nextCarried: [], stacked: [toRows(ofChunk)] },
        [],
        'C',
        () =>
          stackedParts([hidden, targets, gradient], ([x, label, g]) => [
            toRows(toLogits(x as Value, label as Value, g as Value)),
          ]),
      );
      return [reshapeLike(ofRows as Value, hidden)];
    }
    const sum = input('tableGradient', [vocabularySize, D]);
    const [ofTable, ofRows] = loop(
      turns,
      [zeros([vocabularySize, D], constant([vocabularySize, D], [2], 'int64'))],
      {
        iteration: chunk,
        carried: [sum],
        nextCarried: [add(sum, matmul(transposed(ofChunk), gather(rows, chunk)))],
        stacked: [toRows(ofChunk)],
      },
      [[vocabularySize, D]],
      'C',
      () => {
        const ofTables: Value[] = [];
        const ofParts = stackedParts([hidden, targets, gradient], ([x, label, g]) => {
          const ofPart = toLogits(x as Value, label as Value, g as Value);
          ofTables.push(matmul(transposed(ofPart), x as Value));
          return [toRows(ofPart)];
        });
        return [ofTables.reduce(add), ...ofParts];
      },
    );
    return [reshapeLike(ofRows as Value, hidden), ofTable as Value];
  };
  const scored = reshapeLike(logprobs as Value, targets); // [B, T]
  return {
    logprobs: customGradient(scored, isStored(table) ? [hidden] : [hidden, table], backward),
    entropy: reshapeLike(entropy as Value, targets),
  };
}

/** Parts that a batch is scored in where there is no loop: as many as divide a chunk, each of some of the tokens. */
const PARTS = 16;

/** What `compute` makes of each part of the tokens of `values` [B, T, …], as a loop over chunks would stack it: [C, CHUNK_TOKENS, …]. */
function stackedParts(values: readonly Value[], compute: (parts: readonly Value[]) => readonly Value[]): Value[] {
  const divided = values.map((x) => reshape(x, [PARTS, 'c', (x.shape[2] ?? 1) as number]));
  const results = Array.from({ length: PARTS }, (_, part) =>
    compute(divided.map((x) => reshape(slice(x, 0, part, part + 1), ['c', x.shape[2] as number]))),
  );
  return (results[0] ?? []).map((first, i) => {
    const together = concat(
      results.map((result) => result[i] as Value),
      0,
      'BT',
    );
    return reshape(together, ['C', CHUNK_TOKENS, first.shape[1] as number]);
  });
}
