import { LORA_TARGETS } from './lora-targets.js';

/**
 * Settings that go together. `tiny` is what the README's results are made with; `smoke` is the same loop in
 * miniature, for a look and for CI; `paper` is the reference implementation's, for real checkpoints on a GPU.
 */
const grpo = {
  weightDecay: 0,
  gradientClip: 1,
  kl: 0.01,
  reference: 'iteration',
  clipLow: 0.2,
  clipHigh: 0.28,
  ratio: 'token',
  averaging: 'token',
  standardise: true,
  minibatches: 1,
  epochs: 1,
  maskTruncated: true,
  recompute: false,
};

const tiny = {
  preset: 'tiny',
  seed: 0,
  iterations: 3,
  model: 'tiny',
  executionProvider: 'cpu',
  workers: 2,
  threadsPerWorker: 1,
  deviceWeights: 'stored',
  lora: { rank: 0, alpha: 16, targets: [...LORA_TARGETS] },
  rollouts: {
    url: null,
    model: null,
    concurrency: 64,
    timeoutSeconds: 600,
    importanceCap: 2,
    lora: 'none' as const,
    loraFolder: null,
    stale: false,
  },
  oracle: {
    model: null,
    url: 'https://api.openai.com/v1',
    exact: true,
    questions: 500,
    concurrency: 8,
    attempts: 8,
    timeoutSeconds: 120,
    waitSeconds: 600,
    maxTokens: 4096,
    pricePerMillionInput: null,
    pricePerMillionOutput: null,
  },
  rl: {
    challenger: {
      ...grpo,
      start: 'base',
      lr: 3e-4,
      steps: 5,
      questions: 64,
      votes: 8,
      maxTokens: 24,
      reward: 'code',
      gated: false,
      repetitionPenalty: 1,
      clusterThreshold: 0.5,
    },
    curriculum: { questions: 1536, batch: 256, votes: 20, temperature: 1, topP: 1, band: [0.6, 0.95] },
    solver: { ...grpo, lr: 2e-4, steps: 60, questions: 32, rollouts: 8, maxTokens: 72, formatWeight: 0.1 },
  },
  evaluation: { items: 100, samples: 1, maxTokens: 72, worked: true },
};

const smoke = {
  ...tiny,
  preset: 'smoke',
  iterations: 1,
  rl: {
    challenger: { ...tiny.rl.challenger, steps: 2, questions: 32, votes: 4 },
    curriculum: { ...tiny.rl.curriculum, questions: 256, batch: 64, votes: 8 },
    solver: { ...tiny.rl.solver, steps: 8, questions: 16 },
  },
  evaluation: { items: 20, samples: 1, maxTokens: 72, worked: false },
};

/** The reference trains all weights at 1e-6. Adapters learn as well with about ten times that, and small ranks are enough
 *  for reinforcement learning (Schulman et al. 2025, "LoRA Without Regret"). */
const paperGrpo = { lr: 1e-5, recompute: true };

const paper = {
  ...tiny,
  preset: 'paper',
  workers: 1,
  threadsPerWorker: 0,
  lora: { ...tiny.lora, rank: 32, alpha: 64 },
  rl: {
    challenger: {
      ...tiny.rl.challenger,
      ...paperGrpo,
      start: 'previous',
      weightDecay: 1e-2,
      steps: 6,
      questions: 512,
      votes: 10,
      maxTokens: 2048,
    },
    curriculum: { questions: 8000, batch: 500, votes: 10, temperature: 1, topP: 0.95, band: [0.3, 0.8] },
    solver: {
      ...tiny.rl.solver,
      ...paperGrpo,
      weightDecay: 1e-2,
      steps: 15,
      questions: 512,
      rollouts: 5,
      minibatches: 4,
      maxTokens: 2048,
    },
  },
  evaluation: { items: 500, samples: 1, maxTokens: 2048, worked: false },
};

export const PRESETS = { tiny, smoke, paper };
export type PresetName = keyof typeof PRESETS;
