import type { DecoderConfig } from '../../src/lm/architecture.js';
import { initialWeights, parameterLayout } from '../../src/lm/parameters.js';
import type { ShapeName } from '../../src/lm/shapes.js';
import { Random, type StreamKey, stream } from '../../src/random.js';

/** What every engine is given, besides the same random weights. */
export interface Workload {
  readonly label: string;
  readonly task: 'decode' | 'train';
  /** The model is of the size where memory decides. */
  readonly large: boolean;
  readonly promptCount: number;
  readonly promptLength: number;
  /** Of each prompt. */
  readonly samples: number;
  /** Of each sample: no stop token ends it sooner. */
  readonly newTokens: number;
  /** Sequences of an optimiser step, and the tokens of each that are trained on. */
  readonly trainSequences: number;
  readonly trainLength: number;
}

const SMALL = {
  large: false,
  promptCount: 32,
  promptLength: 24,
  samples: 8,
  newTokens: 64,
  trainSequences: 64,
  trainLength: 64,
};

/** What a shape is measured at: a question's samples and a training step, or a few sequences of a large model. */
export function workloads(shape: ShapeName): readonly Workload[] {
  if (shape === 'prototype' || shape === 'tiny')
    return [
      { ...SMALL, label: 'decode', task: 'decode' },
      { ...SMALL, label: 'train', task: 'train' },
    ];
  return [1, 8].map((promptCount) => ({
    ...SMALL,
    label: `decode ${promptCount}`,
    task: 'decode',
    large: true,
    promptCount,
    promptLength: 32,
    samples: 1,
    newTokens: 24,
  }));
}

/** Fresh weights, scaled so that logits have a deviation near 2 and every layer changes them: with nearly flat logits,
 *  greedy choices are ties that each engine's rounding breaks its own way, and with small layers the last token repeats. */
export function sharpWeights(config: DecoderConfig): Float32Array {
  const weights = initialWeights(config, stream(0, 'peers', 'weights'));
  for (const { name, kind, shape, offset, size } of parameterLayout(config).parameters) {
    if (kind !== 'embedding' && kind !== 'projection') continue;
    // initialWeights draws with deviation 0.02, and less where a projection writes to the residual stream.
    const residual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
    const drawn = residual ? 0.02 / Math.sqrt(2 * config.layerCount) : 0.02;
    const factor =
      (kind === 'embedding' ? 2 / Math.sqrt(config.hiddenSize) : 1.5 / Math.sqrt(shape[0] as number)) / drawn;
    for (let i = offset; i < offset + size; i++) weights[i] = (weights[i] as number) * factor;
  }
  return weights;
}

/** `count` sequences of random tokens. */
export function randomSequences(config: DecoderConfig, count: number, length: number, key: StreamKey): number[][] {
  const random = new Random(key);
  return Array.from({ length: count }, () => Array.from({ length }, () => random.integer(0, config.vocabularySize)));
}
