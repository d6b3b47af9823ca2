import type { ExecutionProvider } from '../../src/graph/session.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { openCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { initialAdapters } from '../../src/lm/lora.js';
import { initialWeights } from '../../src/lm/parameters.js';
import type { TokenChoice } from '../../src/lm/sampling.js';
import { LARGE_VOCABULARY } from '../../src/lm/token-scores.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { Engine } from '../../src/workers/engine.js';
import type { AdaptedWeights, TrainableWeights } from '../../src/workers/tasks.js';

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
  attentionBias: false,
  tiedEmbeddings: true,
  ropeTheta: 10_000,
  ropeScaling: null,
  normEpsilon: 1e-6,
  maxPositions: 64,
};

type Work = readonly [task: string, work: () => Promise<unknown>];

/** Tasks in their order, each named. `folder` is for a checkpoint. */
export function exampleWork(provider: ExecutionProvider, folder: string): readonly Work[] {
  const large = { ...SMALL, vocabularySize: LARGE_VOCABULARY, layerCount: 1 };
  return [
    ...workOf(SMALL, provider, folder, ''),
    ...workOf(large, provider, folder, ', large vocabulary').filter(([task]) => /^(score|GRPO,)/.test(task)),
  ];
}

function workOf(config: DecoderConfig, provider: ExecutionProvider, folder: string, kind: string): readonly Work[] {
  const engine = new Engine(config, provider, () => undefined, 1, 'float16'); // with adapters: weights of 16 bits
  const state = freshState(initialWeights(config, 1));
  const weights = shareWeights(state.weights);
  const shared = (): TrainableWeights => weights;
  const prompts = [
    [1, 2, 3],
    [4, 5],
    [6, 7, 8, 9],
  ];
  const adapted = (): AdaptedWeights => {
    saveCheckpoint(folder, { config, weights: state.weights });
    const lora = { rank: 2, alpha: 4, targets: [...LORA_TARGETS] };
    return { base: openCheckpoint(folder), lora, adapters: shareWeights(initialAdapters(config, lora, 1)) };
  };
  const generate = (choice: Partial<TokenChoice>, policy: () => TrainableWeights) => () =>
    engine.generate({
      weights: policy(),
      prompts,
      requests: prompts.map((_, prompt) => ({ prompt, key: prompt })),
      sampling: samplingSettings({ maxTokens: 3, stops: [], ...choice }),
    });
  // A large vocabulary is scored 128 tokens at a time: one sequence is enough of it.
  const scored = config.vocabularySize < LARGE_VOCABULARY ? prompts : prompts.slice(0, 1);
  const sequences = scored.map((prompt) => ({ tokens: [...prompt, 1, 2, 3], start: prompt.length }));
  const grpo = (recompute: boolean, policy: () => TrainableWeights) => () => {
    const learner = policy();
    return engine.grpo({
      weights: learner,
      reference: learner,
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
  };
  const supervised = () =>
    engine.supervised({
      weights,
      train: { recompute: false },
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
    [`generate, plain${kind}`, generate({}, shared)],
    [`generate, greedy${kind}`, generate({ temperature: 0 }, shared)],
    [`generate, tempered${kind}`, generate({ temperature: 0.7 }, shared)],
    [`generate, truncated${kind}`, generate({ topK: 5, topP: 0.9 }, shared)],
    [`score${kind}`, () => engine.score({ weights, sequences })],
    [`supervised${kind}`, supervised],
    [`GRPO${kind}`, grpo(false, shared)],
    [`GRPO with recomputing${kind}`, grpo(true, shared)],
    [`generate with adapters${kind}`, generate({}, adapted)],
    [`GRPO with adapters${kind}`, grpo(true, adapted)],
    [`AdamW${kind}`, update('adamw')],
    [`Muon${kind}`, update('muon')],
  ];
}
