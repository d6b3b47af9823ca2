import { NumericalError } from '../errors.js';
import type { Value } from '../graph/node.js';
import {
  type ExecutionProvider,
  floats,
  floatsOf,
  GraphSession,
  secondsInRuntime,
  type TensorData,
} from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { Arena } from '../lm/arena.js';
import { BATCHING_LIMITS, type DecodeSessions, type Generated, generate } from '../lm/batching.js';
import { decodeGraph, prefillGraph } from '../lm/decode.js';
import { updateGraph } from '../lm/optimizer.js';
import {
  type ParameterLayout,
  parameterFeeds,
  parameterFileTensors,
  parameterInputs,
  parameterLayout,
} from '../lm/parameters.js';
import { prefillBy, prefillByDecoding } from '../lm/prefill.js';
import type { SamplingKind } from '../lm/sampling.js';
import {
  gradientName,
  grpoGraph,
  scoreGraph,
  sequenceFeeds,
  supervisedGraph,
  widthMultiple,
} from '../lm/train-step.js';
import { microBatches } from '../rl/packing.js';
import { type Limits, measureLimits } from './limits.js';
import type {
  FrozenWeights,
  GenerateTask,
  GradientResult,
  GrpoResult,
  GrpoSequence,
  GrpoTask,
  ScoreTask,
  SharedWeights,
  SupervisedTask,
  UpdateResult,
  UpdateTask,
} from './tasks.js';

/** Padded tokens of a micro-batch, in the order of preference. From 512 to 4,096 they train at the same speed; larger ones add
 *  up gradients less often, smaller ones pad less. */
export const MICRO_BATCH_TOKENS = [2048, 1024, 512] as const;
/** Policies whose weights a worker keeps at a time: Challenger, Solver, and a reference. */
const KEPT_VERSIONS = 3;

/** One model on one thread: its graphs, made once each when first needed, and the weights it was last given. */
export class Engine {
  private readonly layout: ParameterLayout;
  private readonly sessions = new Map<string, Promise<GraphSession>>();
  private readonly versions = new Map<string, Record<string, TensorData>>();
  private arena = new Arena();

  /** `stopped` throws when the task should be given up; it is called between runs. */
  constructor(
    private readonly config: DecoderConfig,
    private readonly provider: ExecutionProvider,
    private readonly stopped: () => void,
    private readonly threads: number,
  ) {
    this.layout = parameterLayout(config);
  }

  async generate({
    weights,
    prompts,
    requests,
    sampling,
    limits = BATCHING_LIMITS,
  }: GenerateTask): Promise<Generated[]> {
    const frozen = 'folder' in weights;
    const sessions = frozen ? await this.frozenSessions(weights) : await this.sharedSessions(weights);
    const feeds = frozen ? {} : this.weights(weights);
    const { arena, config, stopped } = this;
    try {
      const generator = { config, sessions, weights: feeds, arena, limits, stopped };
      return await generate(generator, prompts, requests, sampling);
    } catch (error) {
      this.arena = new Arena(); // numbers that are none must not lie in wait behind a mask: 0 · NaN is NaN
      throw error;
    }
  }

  /** A graph for each purpose, with the weights as inputs. */
  private async sharedSessions(weights: SharedWeights): Promise<DecodeSessions> {
    const { config } = this;
    const prefill = await this.session('prefill', () => prefillGraph(config, parameterInputs(this.layout)));
    return {
      prefill: prefillBy(prefill, config, this.weights(weights)),
      decode: (laneCount, sampling) =>
        this.session(`decode ${laneCount} ${sampling}`, () =>
          decodeGraph(config, parameterInputs(this.layout), { laneCount, sampling, tokens: 'one' }),
        ),
      single: false,
    };
  }

  /** One graph for everything, with the weights as constants that ONNX Runtime has packed for its products: twice as fast
   *  where few sequences decode at a time, and the memory of the weights but once. */
  private async frozenSessions({ folder, places }: FrozenWeights): Promise<DecodeSessions> {
    const decode = (sampling: SamplingKind): Promise<GraphSession> =>
      this.session(
        `decode ${sampling} ${folder}`,
        () =>
          decodeGraph(this.config, parameterFileTensors(this.layout, places), {
            laneCount: 1,
            sampling,
            tokens: 'many',
          }),
        folder,
      );
    return {
      prefill: async (prompts) => prefillByDecoding(await decode('tempered'), this.config)(prompts),
      decode: (_, sampling) => decode(sampling),
      single: true,
    };
  }

  /** Log-probabilities of the tokens from each sequence's `start` on. */
  async score({ weights, sequences }: ScoreTask): Promise<number[][]> {
    const results: number[][] = sequences.map(() => []);
    for (const batch of microBatches(
      sequences.map(({ tokens }) => tokens.length),
      MICRO_BATCH_TOKENS[0],
    )) {
      this.stopped();
      const rows = batch.map((index) => sequences[index] as ScoreTask['sequences'][number]);
      const { feeds, width } = sequenceFeeds(
        this.config,
        rows.map(({ tokens }) => tokens),
        widthMultiple(this.config),
      );
      const logprobs = (await this.logprobs(weights, feeds)).data as Float32Array;
      rows.forEach(({ tokens, start }, b) => {
        results[batch[b] as number] = Array.from(
          logprobs.subarray(b * width + start - 1, b * width + tokens.length - 1),
        );
      });
    }
    return results;
  }

  /** Log-probability of each target of a batch, [B, T]. */
  private async logprobs(
    weights: SharedWeights | FrozenWeights,
    feeds: Readonly<Record<string, TensorData>>,
  ): Promise<TensorData> {
    const { config, layout } = this;
    const folder = 'folder' in weights ? weights.folder : null;
    const session = await this.session(
      `score ${folder ?? ''}`,
      () =>
        scoreGraph(
          config,
          'folder' in weights ? parameterFileTensors(layout, weights.places) : parameterInputs(layout),
        ),
      folder,
    );
    const inputs = 'folder' in weights ? {} : this.weights(weights);
    return (await session.run({ ...inputs, ...feeds }))['logprobs'] as TensorData;
  }

  /** Gradient of the weighted cross-entropy, summed over the micro-batches. */
  async supervised({ weights, batches }: SupervisedTask): Promise<GradientResult> {
    const session = await this.session('supervised', () => supervisedGraph(this.config, { recompute: false }));
    const sum = { gradient: new Float32Array(this.layout.size), loss: 0 };
    for (const batch of batches) {
      this.stopped();
      const { feeds, width } = sequenceFeeds(this.config, batch.sequences, widthMultiple(this.config));
      const targetWeights = new Float32Array(batch.sequences.length * width);
      for (const [b, row] of batch.weights.entries()) targetWeights.set(row, b * width);
      const output = await session.run({
        ...this.weights(weights),
        ...feeds,
        weights: floats(targetWeights, batch.sequences.length, width),
      });
      sum.loss += scalar(output, 'loss');
      this.addGradient(sum.gradient, output);
    }
    return sum;
  }

  /** Gradient of the GRPO loss and the sums of what is reported, over the micro-batches. */
  async grpo({ weights, reference, batches, settings, train }: GrpoTask): Promise<GrpoResult> {
    const session = await this.session(`grpo ${JSON.stringify({ settings, train })}`, () =>
      grpoGraph(this.config, settings, train),
    );
    const sum = {
      gradient: new Float32Array(this.layout.size),
      loss: 0,
      klSum: 0,
      clippedSum: 0,
      entropySum: 0,
      driftSum: 0,
      driftMax: 0,
    };
    for (const batch of batches) {
      this.stopped();
      const feeds = grpoFeeds(this.config, batch);
      const referenceLogprobs = reference === null ? feeds.behaviourLogprobs : await this.logprobs(reference, feeds);
      const output = await session.run({ ...this.weights(weights), ...feeds, referenceLogprobs });
      for (const name of ['loss', 'klSum', 'clippedSum', 'entropySum', 'driftSum'] as const)
        sum[name] += scalar(output, name);
      sum.driftMax = Math.max(sum.driftMax, scalar(output, 'driftMax'));
      this.addGradient(sum.gradient, output);
    }
    return sum;
  }

  /** One step of the optimiser. @throws NumericalError when the gradient is not finite: nothing is changed then. */
  async update(task: UpdateTask): Promise<UpdateResult> {
    const { beta1, beta2 } = task.optimizer;
    const session = await this.session(`update ${JSON.stringify(task.optimizer)}`, () =>
      updateGraph(this.layout, task.optimizer),
    );
    const flat = (data: Float32Array): TensorData => floats(data, this.layout.size);
    const single = (x: number): TensorData => floats(Float32Array.of(x));
    const output = await session.run({
      weights: flat(task.weights),
      gradient: flat(task.gradient),
      first: flat(task.first),
      second: flat(task.second),
      learningRate: single(task.learningRate),
      muonLearningRate: single(task.muonLearningRate),
      weightDecay: single(task.weightDecay),
      gradientClip: single(task.gradientClip),
      correction1: single(1 / (1 - beta1 ** task.step)),
      correction2: single(1 / (1 - beta2 ** task.step)),
    });
    const gradNorm = scalar(output, 'gradNorm');
    if (!Number.isFinite(gradNorm)) {
      throw new NumericalError(`the gradient is not finite at update ${task.step}; a lower learning rate may help`, {
        details: { tensor: 'gradient', step: task.step },
      });
    }
    const named = (name: string): Float32Array => floatsOf(output, name);
    return { weights: named('newWeights'), first: named('newFirst'), second: named('newSecond'), gradNorm };
  }

  /** Seconds spent inside ONNX Runtime until now. */
  async runtimeSeconds(): Promise<number> {
    return secondsInRuntime();
  }

  /** What this worker can do at best. */
  limits(): Promise<Limits> {
    return measureLimits(this.provider, this.threads);
  }

  private session(
    name: string,
    graph: () => Record<string, Value>,
    folder: string | null = null,
  ): Promise<GraphSession> {
    const known = this.sessions.get(name);
    if (known !== undefined) return known;
    const made = GraphSession.create(graph(), this.provider, this.threads, folder);
    this.sessions.set(name, made);
    return made;
  }

  /** A copy of shared weights as feeds: ONNX Runtime refuses tensors over a SharedArrayBuffer. */
  private weights({ version, buffer }: SharedWeights): Record<string, TensorData> {
    const known = this.versions.get(version);
    if (known !== undefined) return known;
    const oldest = this.versions.keys().next();
    if (this.versions.size >= KEPT_VERSIONS && !oldest.done) this.versions.delete(oldest.value);
    const feeds = parameterFeeds(this.layout, new Float32Array(new Float32Array(buffer)));
    this.versions.set(version, feeds);
    return feeds;
  }

  private addGradient(sum: Float32Array, output: Record<string, TensorData>): void {
    for (const { name, offset, size } of this.layout.parameters) {
      const part = floatsOf(output, gradientName(name));
      for (let i = 0; i < size; i++) sum[offset + i] = (sum[offset + i] as number) + (part[i] as number);
    }
  }
}

const scalar = (output: Record<string, TensorData>, name: string): number => floatsOf(output, name)[0] as number;

/** Position t predicts token t + 1, so what belongs to a completion token stands one place before it. */
function grpoFeeds(config: DecoderConfig, batch: readonly GrpoSequence[]) {
  const { feeds, width } = sequenceFeeds(
    config,
    batch.map(({ tokens }) => tokens),
    widthMultiple(config),
  );
  const B = batch.length;
  const rows = (): Float32Array => new Float32Array(B * width);
  const [weights, mask, behaviour] = [rows(), rows(), rows()];
  batch.forEach((sequence, b) => {
    const from = b * width + sequence.start - 1;
    const to = b * width + sequence.tokens.length - 1;
    weights.fill(sequence.weight, from, to);
    mask.fill(1, from, to);
    behaviour.set(sequence.behaviourLogprobs, from);
  });
  return {
    ...feeds,
    weights: floats(weights, B, width),
    mask: floats(mask, B, width),
    behaviourLogprobs: floats(behaviour, B, width),
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
