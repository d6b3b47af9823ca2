import { input } from '../../src/graph/ops.js';
import { floatsOf, GraphSession } from '../../src/graph/session.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import type { CheckpointFiles } from '../../src/lm/checkpoint.js';
import { causalAttention, decoder } from '../../src/lm/decoder.js';
import { sequenceFeeds } from '../../src/lm/train-step.js';
import { logits, outputTable, storedWeights } from '../../src/lm/weights.js';

/** How far the distributions of one precision are from those of float32, over all targets of some sequences. */
export interface Distance {
  readonly targets: number;
  /** Mean and largest |difference| of the targets' log-probabilities. */
  readonly meanDifference: number;
  readonly maxDifference: number;
  /** KL divergence of float32's distributions to the others, in nats, on average. */
  readonly kl: number;
  /** Share of positions at which the likeliest token is the same. */
  readonly sameChoice: number;
  /** Mean entropy of float32's distributions, in nats. */
  readonly entropy: number;
}

/** Tokens, of which those from `start` on are targets. */
export interface Sequence {
  readonly tokens: readonly number[];
  readonly start: number;
}

/** Distances of `others` from `reference` on the sequences, one sequence at a time. */
export async function distances(
  reference: CheckpointFiles,
  others: readonly CheckpointFiles[],
  sequences: readonly Sequence[],
  threads: number,
): Promise<Distance[]> {
  const sessions = [];
  for (const model of [reference, ...others]) sessions.push(await logitsSession(model, threads));
  const sums = others.map(() => ({ targets: 0, difference: 0, max: 0, kl: 0, same: 0, entropy: 0 }));
  for (const sequence of sequences) {
    const rows = [];
    for (const session of sessions) rows.push(await logitsOf(session, reference.config, sequence.tokens));
    const V = reference.config.vocabularySize;
    for (let target = sequence.start; target < sequence.tokens.length; target++) {
      const at = (target - 1) * V;
      const logprobs = rows.map((row) => logSoftmax(row.subarray(at, at + V)));
      const [first = new Float64Array(), ...rest] = logprobs;
      const token = sequence.tokens[target] as number;
      rest.forEach((own, i) => {
        const sum = sums[i] as (typeof sums)[number];
        const difference = Math.abs((own[token] as number) - (first[token] as number));
        sum.targets++;
        sum.difference += difference;
        sum.max = Math.max(sum.max, difference);
        for (let v = 0; v < V; v++) {
          const share = Math.exp(first[v] as number);
          sum.kl += share * ((first[v] as number) - (own[v] as number));
          sum.entropy -= share * (first[v] as number);
        }
        if (indexOfLargest(own) === indexOfLargest(first)) sum.same++;
      });
    }
  }
  return sums.map(({ targets, difference, max, kl, same, entropy }) => ({
    targets,
    meanDifference: difference / targets,
    maxDifference: max,
    kl: kl / targets,
    sameChoice: same / targets,
    entropy: entropy / targets,
  }));
}

/** Logits of every position, with the weights used as training uses them. */
function logitsSession({ folder, config, places }: CheckpointFiles, threads: number): Promise<GraphSession> {
  const weights = storedWeights(config, places);
  const rotary = {
    positions: input('positions', ['B', 'T'], 'int64'),
    cos: input('cos', ['P', config.headSize / 2]),
    sin: input('sin', ['P', config.headSize / 2]),
  };
  const attention = causalAttention(config, input('causalMask', ['T', 'T']), 'T');
  const hidden = decoder(config, weights, input('tokens', ['B', 'T'], 'int64'), rotary, attention);
  const outputs = { logits: logits(hidden, outputTable(config, weights)) };
  return GraphSession.create(outputs, 'cpu', threads, { folder, use: 'read' });
}

/** [T, V], where T is one less than the tokens: the last one is only a target. */
async function logitsOf(
  session: GraphSession,
  config: DecoderConfig,
  tokens: readonly number[],
): Promise<Float32Array> {
  return floatsOf(await session.run(sequenceFeeds(config, [tokens], 1).feeds), 'logits');
}

function logSoftmax(scores: Float32Array): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of scores) largest = Math.max(largest, x);
  let sum = 0;
  for (const x of scores) sum += Math.exp(x - largest);
  const logSum = largest + Math.log(sum);
  return Float64Array.from(scores, (x) => x - logSum);
}

function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
