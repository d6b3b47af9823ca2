import type { ExecutionProvider } from '../../src/graph/session.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { initialWeights } from '../../src/lm/parameters.js';
import type { TokenChoice } from '../../src/lm/sampling.js';
import { LARGE_VOCABULARY } from '../../src/lm/token-scores.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { Engine } from '../../src/workers/engine.js';

/** A bit of each kind of work that a policy does, with models so small that it takes seconds anywhere. */

const SMALL: DecoderConfig = {
  vocabularySize: 24,
  hiddenSize: 16,
  layerCount: 2,
  headCount: 4,
  keyValueHeadCount: 2,
  headSize: 8,
  feedForwardSize: 24,
  qkNorm: true,
  attentionBias: true,
  tiedEmbeddings: true,
  ropeTheta: 10_000,
  ropeScaling: null,
  normEpsilon: 1e-6,
  maxPositions: 64,
};

type Work = readonly [task: string, work: () => Promise<unknown>];

/** Tasks in their order, each named. */
export function exampleWork(provider: ExecutionProvider): readonly Work[] {
  const large = { ...SMALL, vocabularySize: LARGE_VOCABULARY, layerCount: 1 };
  return [
    ...workOf(SMALL, provider, ''),
    ...workOf(large, provider, ', large vocabulary').filter(([task]) => /^(score|GRPO,)/.test(task)),
  ];
}

function workOf(config: DecoderConfig, provider: ExecutionProvider, kind: string): readonly Work[] {
  const engine = new Engine(config, provider, () => undefined, 1);
  const state = freshState(initialWeights(config, 1));
  const weights = shareWeights(state.weights);
  const prompts = [
    [1, 2, 3],
    [4, 5],
    [6, 7, 8, 9],
  ];
  const generate = (choice: Partial<TokenChoice>) => () =>
    engine.generate({
      weights,
      prompts,
      requests: prompts.map((_, prompt) => ({ prompt, key: prompt })),
      sampling: samplingSettings({ maxTokens: 3, stops: [], ...choice }),
    });
  const sequences = prompts.map((prompt) => ({ tokens: [...prompt, 1, 2, 3], start: prompt.length }));
  const grpo = (recompute: boolean) => () =>
    engine.grpo({
      weights,
      reference: weights,
      batches: [
        sequences.map((sequence, i) => ({
          ...sequence,
          advantage: i - 1,
          weight: 0.1,
          behaviourLogprobs: [-3, -3, -3],
        })),
      ],
      settings: { kl: 0.01, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' },
      train: { recompute },
    });
  const supervised = () =>
    engine.supervised({
      weights,
      batches: [
        {
          sequences: sequences.map(({ tokens }) => tokens),
          weights: sequences.map(({ tokens }) => new Float32Array(tokens.length - 1).fill(0.1)),
        },
      ],
    });
  const update = (optimizer: 'adamw' | 'muon') => () =>
    engine.update({
      ...state,
      optimizer: { optimizer, beta1: 0.9, beta2: 0.99 },
      gradient: state.weights,
      learningRate: 1e-4,
      muonLearningRate: 1e-4,
      weightDecay: 0.01,
      gradientClip: 1,
      step: 1,
    });
  return [
    [`generate, plain${kind}`, generate({})],
    [`generate, greedy${kind}`, generate({ temperature: 0 })],
    [`generate, tempered${kind}`, generate({ temperature: 0.7 })],
    [`generate, truncated${kind}`, generate({ topK: 5, topP: 0.9 })],
    [`score${kind}`, () => engine.score({ weights, sequences })],
    [`supervised${kind}`, supervised],
    [`GRPO${kind}`, grpo(false)],
    [`GRPO with recomputing${kind}`, grpo(true)],
    [`AdamW${kind}`, update('adamw')],
    [`Muon${kind}`, update('muon')],
  ];
}
