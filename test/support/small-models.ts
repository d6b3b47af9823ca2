import type { ExecutionProvider } from '../../src/graph/session.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { Random, stream } from '../../src/random.js';
import { Engine } from '../../src/workers/engine.js';
import type { SharedWeights } from '../../src/workers/tasks.js';

/** Random decoders of a few thousand weights: every flag of the architecture is on in one and off in another. */

const small = {
  vocabularySize: 24,
  hiddenSize: 16,
  layerCount: 2,
  headCount: 4,
  keyValueHeadCount: 2,
  headSize: 6,
  feedForwardSize: 20,
  ropeTheta: 10_000,
  ropeScaling: null,
  normEpsilon: 1e-6,
  maxPositions: 64,
};

export const QWEN3: DecoderConfig = { ...small, qkNorm: true, attentionBias: false, tiedEmbeddings: true };
export const LLAMA: DecoderConfig = { ...small, qkNorm: false, attentionBias: false, tiedEmbeddings: false };
/** Of its three pairs one keeps its frequency, one is stretched, and one lies between; beyond 16 positions that shows. */
export const LLAMA3: DecoderConfig = {
  ...LLAMA,
  tiedEmbeddings: true,
  ropeTheta: 1000,
  ropeScaling: { factor: 8, lowFrequencyFactor: 0.2, highFrequencyFactor: 2, originalMaxPositions: 16 },
};
export const QWEN2: DecoderConfig = { ...small, qkNorm: false, attentionBias: true, tiedEmbeddings: true };

export const FAMILIES: readonly (readonly [name: string, config: DecoderConfig])[] = [
  ['Qwen3', QWEN3],
  ['Llama', LLAMA],
  ['Llama 3', LLAMA3],
  ['Qwen2', QWEN2],
];

/** Weights ten times larger than fresh ones, so that no distribution is flat; norms and biases are not trivial either. */
export function sharpWeights(config: DecoderConfig, seed: number): Float32Array {
  const random = new Random(stream(seed, 'weights'));
  const layout = parameterLayout(config);
  const flat = new Float32Array(layout.size);
  const [centre, deviation] = [
    { embedding: 0, projection: 0, norm: 1, bias: 0 },
    { embedding: 0.4, projection: 0.2, norm: 0.2, bias: 0.3 },
  ];
  for (const { kind, offset, size } of layout.parameters) {
    for (let i = offset; i < offset + size; i++) flat[i] = centre[kind] + deviation[kind] * random.normal();
  }
  return flat;
}

/** An engine on this thread that is never asked to stop. */
export const engineFor = (config: DecoderConfig, provider: ExecutionProvider = 'cpu'): Engine =>
  new Engine(config, provider, () => undefined, 1);

/** Log-probabilities of the whole vocabulary after `prefix`: each token is scored as its continuation. */
export async function nextTokenLogprobs(
  engine: Engine,
  weights: SharedWeights,
  prefix: readonly number[],
  vocabularySize: number,
): Promise<number[]> {
  const sequences = Array.from({ length: vocabularySize }, (_, token) => ({
    tokens: [...prefix, token],
    start: prefix.length,
  }));
  return (await engine.score({ weights, sequences })).flat();
}

/** `count` tokens of a vocabulary, uniformly. */
export const randomTokens = (random: Random, count: number, vocabularySize: number): number[] =>
  Array.from({ length: count }, () => random.integer(0, vocabularySize));
