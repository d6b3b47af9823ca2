import type { DecoderConfig } from './architecture.js';
import { parameterLayout } from './parameters.js';

/**
 * Floating-point operations that a model asks for, whatever an implementation spends on them (Kaplan et al. 2020, appendix
 * B): a multiplication and an addition for each weight that a token passes, and attention to what came before. An embedding
 * that is not the output matrix is looked up, not multiplied.
 */

/** Operations of one token's forward pass after `context` others. */
export function decodeOperations(config: DecoderConfig, context: number): number {
  const lookedUp = config.tiedEmbeddings ? 0 : config.vocabularySize * config.hiddenSize;
  const weights = parameterLayout(config).size - lookedUp;
  const attention = 2 * config.layerCount * config.headCount * config.headSize * context; // scores and mixing
  return 2 * (weights + attention);
}

/** Operations of one token's forward and backward pass in a sequence of `length`: three forward passes, or two where the
 *  weights themselves have no gradient, each with half of the sequence to look at on average. What is computed again to save
 *  memory is not counted. */
export const trainOperations = (config: DecoderConfig, length: number, frozen: boolean): number =>
  (frozen ? 2 : 3) * decodeOperations(config, length / 2);
