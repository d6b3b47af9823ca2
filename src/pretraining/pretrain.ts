import { NumericalError } from '../errors.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { initialWeights } from '../lm/parameters.js';
import { freshState, type PolicyState, shareWeights } from '../policies/state.js';
import { Random, stream } from '../random.js';
import { addTo } from '../workers/add-to.js';
import type { LmPool } from '../workers/pool.js';
import type { GradientResult } from '../workers/tasks.js';
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
      const result = await trainStep(pool, state, batch, schedule(step, stage.steps));
      state = result.state;
      tokens += batch.reduce((sum, document) => sum + document.tokens.length, 0);
      progress({ step: ++done, steps, loss: result.loss, tokens });
    }
  }
  return state.weights;
}

/** The share of the learning rate at a step: warm-up, plateau, linear decay. */
export function schedule(step: number, steps: number): number {
  const { warmupSteps, decayShare, floor } = PRETRAINING;
  return Math.min(1, (step + 1) / warmupSteps, Math.max(floor, (1 - step / steps) / decayShare));
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

async function trainStep(
  pool: LmPool,
  state: PolicyState,
  batch: readonly CorpusDocument[],
  rate: number,
): Promise<{ readonly state: PolicyState; readonly loss: number }> {
  const rows = batch.map((document) => targetWeights(document));
  const total = rows.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
  const weights = shareWeights(state.weights);
  const parts = await Promise.all(
    Array.from({ length: pool.workerCount }, (_, worker) => {
      const own = batch.flatMap((_, i) => (i % pool.workerCount === worker ? [i] : []));
      const micro = {
        sequences: own.map((i) => (batch[i] as CorpusDocument).tokens),
        weights: own.map((i) => (rows[i] as Float32Array).map((weight) => weight / total)),
      };
      return pool.run(worker, 'supervised', { weights, batches: own.length > 0 ? [micro] : [] });
    }),
  );
  const { gradient, loss } = parts.reduce(added);
  if (!Number.isFinite(loss)) throw new NumericalError(`the loss is not finite at step ${state.step + 1}`);
  const step = state.step + 1;
  const { gradNorm: _, ...updated } = await pool.run(0, 'update', {
    ...state,
    optimizer: PRETRAINING.optimizer,
    gradient,
    learningRate: PRETRAINING.learningRate * rate,
    muonLearningRate: PRETRAINING.muonLearningRate * rate,
    weightDecay: PRETRAINING.weightDecay,
    gradientClip: PRETRAINING.gradientClip,
    step,
  });
  return { state: { ...updated, step }, loss };
}

/** The weight of each target (token 1 on): 1 for an answer's, less for a question's. */
function targetWeights({ tokens, answerStart }: CorpusDocument): Float32Array {
  return Float32Array.from({ length: tokens.length - 1 }, (_, i) =>
    i + 1 >= answerStart ? 1 : PRETRAINING.questionWeight,
  );
}

function added(a: GradientResult, b: GradientResult): GradientResult {
  addTo(a.gradient, b.gradient);
  return { gradient: a.gradient, loss: a.loss + b.loss };
}
