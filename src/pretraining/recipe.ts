import type { DecoderConfig } from '../lm/architecture.js';
import { SHAPES } from '../lm/shapes.js';
import { type CorpusSettings, PLAIN_CORPUS } from './corpus.js';
import { VOCABULARY } from './vocabulary.js';

/** How the embedded base model was made: its shape, and what it read in which order. */

export const TINY: DecoderConfig = { ...SHAPES.tiny, vocabularySize: VOCABULARY.length };

export interface Stage {
  readonly corpus: CorpusSettings;
  readonly steps: number;
}

/** Two fifths general tasks: working must pay on them too, or what is learned on arithmetic does not carry over. */
const CORPUS: CorpusSettings = { ...PLAIN_CORPUS, general: 0.4 };

/** First the tasks, mostly worked; then harder general tasks and more answers at once; last the slips.
 *  The optimiser and its schedule start anew at each stage. */
export const STAGES: readonly Stage[] = [
  { corpus: CORPUS, steps: 1000 },
  { corpus: CORPUS, steps: 1400 },
  { corpus: { ...CORPUS, direct: 0.58, long: true }, steps: 1600 },
  { corpus: { ...CORPUS, direct: 0.5, long: true, slips: 0.25, directSlips: 0.25 }, steps: 1600 },
];

export const PRETRAINING = {
  /** Padded tokens in a step. */
  tokens: 2048,
  learningRate: 3e-3,
  muonLearningRate: 0.02,
  weightDecay: 0.01,
  gradientClip: 1,
  warmupSteps: 50,
  /** The learning rate falls linearly over this last share of a stage, to `floor` of it. */
  decayShare: 0.4,
  floor: 0.05,
  /** Weight of a question's tokens beside an answer's. */
  questionWeight: 0.15,
  optimizer: { optimizer: 'muon', beta1: 0.9, beta2: 0.95 },
} as const;
