import type { DecoderConfig } from './architecture.js';

/** Decoders by name, for measurements: a measurement that names its shape can be made again. */
export type ShapeName = 'prototype' | 'tiny' | 'qwen3-0.6b' | 'qwen3-4b' | 'llama-3.2-1b';

const qwen3Style = { qkNorm: true, attentionBias: false, tiedEmbeddings: true, normEpsilon: 1e-6 } as const;

export const SHAPES: Readonly<Record<ShapeName, DecoderConfig>> = {
  /** That of the first decoding prototype: small enough that everything around the products shows. */
  prototype: {
    ...qwen3Style,
    vocabularySize: 48,
    hiddenSize: 128,
    layerCount: 4,
    headCount: 4,
    keyValueHeadCount: 2,
    headSize: 32,
    feedForwardSize: 384,
    ropeTheta: 10_000,
    ropeScaling: null,
    maxPositions: 1024,
  },
  /** The embedded model's; a test holds it to models/tiny/config.json. */
  tiny: {
    ...qwen3Style,
    vocabularySize: 129,
    hiddenSize: 96,
    layerCount: 3,
    headCount: 4,
    keyValueHeadCount: 2,
    headSize: 24,
    feedForwardSize: 256,
    ropeTheta: 10_000,
    ropeScaling: null,
    maxPositions: 256,
  },
  /** Qwen3-0.6B (config.json of Qwen/Qwen3-0.6B). */
  'qwen3-0.6b': {
    ...qwen3Style,
    vocabularySize: 151_936,
    hiddenSize: 1024,
    layerCount: 28,
    headCount: 16,
    keyValueHeadCount: 8,
    headSize: 128,
    feedForwardSize: 3072,
    ropeTheta: 1_000_000,
    ropeScaling: null,
    maxPositions: 40_960,
  },
  /** Qwen3-4B-Base (config.json of Qwen/Qwen3-4B-Base). */
  'qwen3-4b': {
    ...qwen3Style,
    vocabularySize: 151_936,
    hiddenSize: 2560,
    layerCount: 36,
    headCount: 32,
    keyValueHeadCount: 8,
    headSize: 128,
    feedForwardSize: 9728,
    ropeTheta: 1_000_000,
    ropeScaling: null,
    maxPositions: 32_768,
  },
  /** Llama 3.2 1B (config.json of meta-llama/Llama-3.2-1B). */
  'llama-3.2-1b': {
    qkNorm: false,
    attentionBias: false,
    tiedEmbeddings: true,
    normEpsilon: 1e-5,
    vocabularySize: 128_256,
    hiddenSize: 2048,
    layerCount: 16,
    headCount: 32,
    keyValueHeadCount: 8,
    headSize: 64,
    feedForwardSize: 8192,
    ropeTheta: 500_000,
    ropeScaling: { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 },
    maxPositions: 131_072,
  },
};
