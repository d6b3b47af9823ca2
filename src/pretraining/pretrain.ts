import type { DecoderConfig } from '../lm/architecture.js';
import { initialWeights } from '../lm/parameters.js';
import { learningRateShare } from '../policies/schedule.js';
import { freshState, type PolicyState } from '../policies/state.js';
import { supervisedStep } from '../policies/supervised.js';
import { Random, stream } from '../random.js';
import type { LmPool } from '../workers/pool.js';
import { type CorpusDocument, type CorpusSettings, documentAt } from './corpus.js';
import { PRETRAINING, type Stage } from './recipe.js';

export interface PretrainProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Tokens read so far. */
  readonly tokens: number;
}

/** Documents sorted by length and batched at a time, so that a batch has little padding. */
const WINDOW = 2048;

/** The weights after all stages. Same seed, provider and worker count: same weights. */
export async function pretrain(
  pool: LmPool,
  config: DecoderConfig,
  stages: readonly Stage[],
  seed: number,
  progress: (report: PretrainProgress) => void,
): Promise<Float32Array> {
  const steps = stages.reduce((sum, stage) => sum + stage.steps, 0);
  let state = freshState(initialWeights(config, stream(seed, 'initial weights')));
  let [done, tokens] = [0, 0];
  for (const [index, stage] of stages.entries()) {
    state = freshState(state.weights);
    const batches = corpusBatches(stage.corpus, stream(seed, 'pretraining', index));
    for (let step = 0; step < stage.steps; step++) {
      const batch = batches.next().value;
      const result = await trainStep(pool, state, batch, learningRateShare(step, stage.steps, PRETRAINING));
      state = result.state;
      tokens += batch.reduce((sum, document) => sum + document.tokens.length, 0);
      progress({ step: ++done, steps, loss: result.loss, tokens });
    }
  }
  return state.weights;
}

/** Batches of about as many padded tokens as a step takes, in random order within a window. */
export function* corpusBatches(settings: CorpusSettings, seed: number): Generator<readonly CorpusDocument[], never> {
  for (let window = 0; ; window++) {
    const documents = Array.from({ length: WINDOW }, (_, i) => documentAt(settings, seed, window * WINDOW + i));
    documents.sort((a, b) => a.tokens.length - b.tokens.length);
    const batches: CorpusDocument[][] = [[]];
    for (const document of documents) {
      const batch = batches.at(-1) as CorpusDocument[];
      batch.push(document);
      if (batch.length * document.tokens.length >= PRETRAINING.tokens) batches.push([]);
    }
    const full = batches.filter((batch) => batch.length > 0);
    yield* new Random(stream(seed, 'order', window)).shuffled(full);
  }
}

/** One update of all weights. Each worker has every so manieth document, in one micro-batch. */
function trainStep(pool: LmPool, state: PolicyState, batch: readonly CorpusDocument[], rate: number) {
  const rows = batch.map((document) => targetWeights(document));
  const total = rows.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
  const sequences = batch.map(({ tokens }, i) => ({
    tokens,
    weights: (rows[i] as Float32Array).map((weight) => weight / total),
  }));
  const shares = Array.from({ length: pool.workerCount }, (_, worker) => {
    const own = sequences.filter((_, i) => i % pool.workerCount === worker);
    return own.length === 0 ? [] : [own];
  });
  return supervisedStep(pool, null, state, shares, {
    optimizer: PRETRAINING.optimizer,
    learningRate: PRETRAINING.learningRate * rate,
    muonLearningRate: PRETRAINING.muonLearningRate * rate,
    weightDecay: PRETRAINING.weightDecay,
    gradientClip: PRETRAINING.gradientClip,
    recompute: false,
  });
}

/** The weight of each target (token 1 on): 1 for an answer's, less for a question's. */
function targetWeights({ tokens, answerStart }: CorpusDocument): Float32Array {
  return Float32Array.from({ length: tokens.length - 1 }, (_, i) =>
    i + 1 >= answerStart ? 1 : PRETRAINING.questionWeight,
  );
}
