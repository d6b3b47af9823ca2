import { floats } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { sequenceFeeds, widthMultiple } from '../lm/train-step.js';
import type { GrpoSequence } from './tasks.js';

/** Inputs of the GRPO graph for a micro-batch, but for the weights and the reference. */
export function grpoFeeds(config: DecoderConfig, batch: readonly GrpoSequence[]) {
  const { feeds, width } = sequenceFeeds(
    config,
    batch.map(({ tokens }) => tokens),
    widthMultiple(config, batch.length),
  );
  const B = batch.length;
  // Position t predicts token t + 1, so what belongs to a completion token stands one place before it.
  const rows = (): Float32Array => new Float32Array(B * width);
  const [weights, mask, behaviour, importance] = [rows(), rows(), rows(), rows().fill(1)];
  batch.forEach((sequence, b) => {
    const from = b * width + sequence.start - 1;
    const to = b * width + sequence.tokens.length - 1;
    weights.fill(sequence.weight, from, to);
    mask.fill(1, from, to);
    behaviour.set(sequence.behaviourLogprobs, from);
    if (sequence.importance !== undefined) importance.set(sequence.importance, from);
  });
  return {
    ...feeds,
    weights: floats(weights, B, width),
    mask: floats(mask, B, width),
    behaviourLogprobs: floats(behaviour, B, width),
    importance: floats(importance, B, width),
    advantages: floats(
      Float32Array.from(batch, ({ advantage }) => advantage),
      B,
      1,
    ),
    lengths: floats(
      Float32Array.from(batch, ({ tokens, start }) => tokens.length - start),
      B,
      1,
    ),
  };
}
