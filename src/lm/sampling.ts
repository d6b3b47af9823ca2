import type { Value } from '../graph/node.js';
import {
  argMaxColumn,
  cast,
  constant,
  cumulativeSum,
  div,
  gatherElements,
  input,
  less,
  lessOrEqual,
  log,
  loop,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  softmax,
  sortDescending,
  sub,
  tokenLogprob,
  where,
} from '../graph/ops.js';
import { floats, integers, type TensorData } from '../graph/session.js';

/**
 * Sampling inside the decode graph, so that logits never leave it. A graph holds only what a call asks for: sorting the
 * vocabulary at each token costs more than all the rest of it.
 *
 * - `greedy`: the likeliest token;
 * - `plain`: from the distribution as it is;
 * - `tempered`: from the distribution at another temperature;
 * - `truncated`: tempered, then cut by top-k, top-p and min-p;
 * - `any`: whatever a call asks for, the cut in a loop of one turn or none.
 */
export type SamplingKind = 'greedy' | 'plain' | 'tempered' | 'truncated' | 'any';

/** How tokens are chosen. */
export interface TokenChoice {
  /** 0 is greedy. */
  readonly temperature: number;
  /** The nucleus: the smallest set of likeliest tokens that holds this share of what top-k left; 1 keeps all. */
  readonly topP: number;
  /** The number of likeliest tokens kept; 0 keeps all. */
  readonly topK: number;
  /** Tokens less likely than this share of the likeliest one are cut; 0 keeps all. */
  readonly minP: number;
}

/** The graph that a choice needs. */
export function samplingKind({ temperature, topP, topK, minP }: TokenChoice): SamplingKind {
  if (temperature === 0) return 'greedy';
  if (topP < 1 || topK > 0 || minP > 0) return 'truncated';
  return temperature === 1 ? 'plain' : 'tempered';
}

/** A token of each seat, and natural log-probabilities: of the distribution it was drawn from, renormalised after a
 *  cut, and of the model's own. Both are the model's own for greedy. All [B]. */
export interface Sampled {
  readonly token: Value;
  readonly logprob: Value;
  readonly untemperedLogprob: Value;
}

/** Likeliest tokens that a cut looks at: a full sort of 150,000 takes longer than the decoder itself. What lies beyond
 *  them is cut too. */
export const CANDIDATE_COUNT = 4096;

/** Draws from logits [B, V]. Inputs: `uniforms` [B, 1] in [0, 1) unless greedy; scalars `inverseTemperature` when
 *  tempered; `topP`, `topK`, `minP` when truncated; all of them and `cuts`, 1 or 0, for any choice. */
export function sample(scores: Value, kind: SamplingKind): Sampled {
  if (kind === 'greedy') {
    const token = reshape(argMaxColumn(scores), ['B']);
    const logprob = tokenLogprob(scores, token);
    return { token, logprob, untemperedLogprob: logprob };
  }
  const tempered = kind === 'plain' ? scores : mul(scores, input('inverseTemperature', []));
  const whole = softmax(tempered); // [B, V]
  const kept = kind === 'truncated' ? truncated(whole) : kind === 'any' ? truncatedWhereAsked(whole) : whole;
  // The token at which the running sum of the probabilities passes the uniform number.
  const running = cumulativeSum(kept); // [B, V]
  const vocabulary = scores.shape.at(-1) as number;
  const total = slice(running, -1, vocabulary - 1, vocabulary); // [B, 1], 1 but for rounding and cuts
  const passed = less(mul(input('uniforms', ['B', 1]), total), running); // [B, V]: true from the sampled token on
  const column = argMaxColumn(cast(passed, 'float32')); // [B, 1]
  const token = reshape(column, ['B']);
  const probability = gatherElements(kept, column); // [B, 1]
  const logprob = reshape(log(div(probability, total)), ['B']);
  return { token, logprob, untemperedLogprob: kind === 'plain' ? logprob : tokenLogprob(scores, token) };
}

/** Probabilities [B, V] with all but the kept tokens at zero: top-k first, the nucleus (Holtzman et al. 2020) of what
 *  that left, and min-p (Nguyen et al. 2024). */
function truncated(probabilities: Value): Value {
  const count = Math.min(CANDIDATE_COUNT, probabilities.shape.at(-1) as number);
  const sorted = sortDescending(probabilities, count); // [B, count]
  const rank = constant([...Array(count).keys()]); // [count]
  const first = where(less(rank, input('topK', [])), sorted, constant(0));
  const before = sub(cumulativeSum(first), first); // the mass ahead of each
  const inNucleus = less(before, mul(reduceSum(first, [-1]), input('topP', [])));
  const floor = mul(slice(sorted, -1, 0, 1), input('minP', [])); // [B, 1]
  const outside = constant(2); // above any probability
  const inside = where(inNucleus, where(less(first, floor), outside, positive(first, outside)), outside);
  const least = neg(reduceMax(neg(inside), [-1])); // [B, 1], the smallest kept
  return where(lessOrEqual(least, probabilities), probabilities, constant(0));
}

/** The same where the input `cuts` is 1, and all of them where it is 0: a body that is not run costs nothing. */
function truncatedWhereAsked(probabilities: Value): Value {
  const carried = input('probabilities', probabilities.shape);
  const body = {
    iteration: input('turn', [], 'int64'),
    carried: [carried],
    nextCarried: [truncated(carried)],
    stacked: [],
  };
  const [kept] = loop(
    input('cuts', [], 'int64'),
    [probabilities],
    body,
    [probabilities.shape],
    'cuts',
    // Nothing is cut by settings that keep all: the same, at the cost of the sort.
    () => [truncated(probabilities)],
  );
  return kept as Value;
}

const positive = (x: Value, otherwise: Value): Value => where(less(constant(0), x), x, otherwise);

/** So high that all but the likeliest token have the probability 0 (of equals, the first is drawn by the number 0). */
const GREEDY = 1e9;

/** Feeds of {@link sample}'s scalars. */
export function choiceFeeds(choice: TokenChoice): Readonly<Record<string, TensorData>> {
  const { temperature, topP, topK, minP } = choice;
  const scalar = (x: number): TensorData => floats(Float32Array.of(x));
  return {
    inverseTemperature: scalar(temperature === 0 ? GREEDY : 1 / temperature),
    topP: scalar(topP >= 1 ? 2 : topP), // beyond what rounding makes of the whole mass
    topK: scalar(topK === 0 ? Number.MAX_SAFE_INTEGER : topK),
    minP: scalar(minP),
    cuts: integers(BigInt64Array.of(samplingKind(choice) === 'truncated' ? 1n : 0n)),
  };
}
