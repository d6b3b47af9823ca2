import { NumericalError } from '../errors.js';
import { type ExecutionProvider, floats, floatsOf, secondsInRuntime, type TensorData } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import type { Generated } from '../lm/batching.js';
import type { DeviceWeightFormat } from '../lm/device-formats.js';
import { updateGraph } from '../lm/optimizer.js';
import { type ParameterLayout, parameterLayout } from '../lm/parameters.js';
import {
  gradientName,
  grpoGraph,
  scoreGraph,
  sequenceFeeds,
  supervisedGraph,
  widthMultiple,
} from '../lm/train-step.js';
import { microBatches } from '../rl/packing.js';
import { addTo } from './add-to.js';
import { Generation } from './generation.js';
import { grpoFeeds } from './grpo-feeds.js';
import { type Limits, measureLimits } from './limits.js';
import { PolicyGraphs } from './policy-graphs.js';
import { learnedLayout } from './policy-weights.js';
import type {
  GenerateTask,
  GradientResult,
  GrpoResult,
  GrpoTask,
  PolicyWeights,
  ScoreTask,
  SupervisedTask,
  UpdateResult,
  UpdateTask,
} from './tasks.js';

/** Padded tokens of a micro-batch, in the order of preference. From 512 to 4,096 they train at the same speed; larger ones add
 *  up gradients less often, smaller ones pad less. */
export const MICRO_BATCH_TOKENS = [2048, 1024, 512] as const;

/** One model on one thread: what can be done with its policies. */
export class Engine {
  private readonly layout: ParameterLayout;
  private readonly graphs: PolicyGraphs;
  private readonly generation: Generation;

  /** `stopped` throws when the task should be given up; it is called between runs. */
  constructor(
    private readonly config: DecoderConfig,
    private readonly provider: ExecutionProvider,
    private readonly stopped: () => void,
    private readonly threads: number,
    deviceWeights: DeviceWeightFormat = 'stored',
  ) {
    this.layout = parameterLayout(config);
    this.graphs = new PolicyGraphs(config, provider, threads, deviceWeights);
    this.generation = new Generation(config, this.graphs, stopped);
  }

  /** A sampled completion for each request, in their order. */
  generate(task: GenerateTask): Promise<Generated[]> {
    return this.generation.generate(task);
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
        widthMultiple(this.config, rows.length),
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
  private async logprobs(weights: PolicyWeights, feeds: Readonly<Record<string, TensorData>>): Promise<TensorData> {
    const session = await this.graphs.over(weights, 'score', 'read', (values) => scoreGraph(this.config, values));
    return (await session.run({ ...(await this.graphs.feeds(weights)), ...feeds }))['logprobs'] as TensorData;
  }

  /** Gradient of the weighted cross-entropy, summed over the micro-batches. */
  async supervised({ weights, batches, train }: SupervisedTask): Promise<GradientResult> {
    const layout = learnedLayout(this.config, weights);
    const session = await this.graphs.over(weights, `supervised ${JSON.stringify(train)}`, 'read', (values) =>
      supervisedGraph(this.config, { weights: values, layout }, train),
    );
    const sum = { gradient: new Float32Array(layout.size), loss: 0 };
    for (const batch of batches) {
      this.stopped();
      const { feeds, width } = sequenceFeeds(
        this.config,
        batch.sequences,
        widthMultiple(this.config, batch.sequences.length),
      );
      const targetWeights = new Float32Array(batch.sequences.length * width);
      for (const [b, row] of batch.weights.entries()) targetWeights.set(row, b * width);
      const output = await session.run({
        ...(await this.graphs.feeds(weights)),
        ...feeds,
        weights: floats(targetWeights, batch.sequences.length, width),
      });
      sum.loss += scalar(output, 'loss');
      addGradient(sum.gradient, layout, output);
    }
    return sum;
  }

  /** Gradient of the GRPO loss and the sums of what is reported, over the micro-batches. */
  async grpo({ weights, reference, batches, settings, train }: GrpoTask): Promise<GrpoResult> {
    const layout = learnedLayout(this.config, weights);
    const session = await this.graphs.over(weights, `grpo ${JSON.stringify({ settings, train })}`, 'read', (values) =>
      grpoGraph(this.config, { weights: values, layout }, settings, train),
    );
    const sum = {
      gradient: new Float32Array(layout.size),
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
      const output = await session.run({ ...(await this.graphs.feeds(weights)), ...feeds, referenceLogprobs });
      for (const name of ['loss', 'klSum', 'clippedSum', 'entropySum', 'driftSum'] as const)
        sum[name] += scalar(output, name);
      sum.driftMax = Math.max(sum.driftMax, scalar(output, 'driftMax'));
      addGradient(sum.gradient, layout, output);
    }
    return sum;
  }

  /** One step of the optimiser. @throws NumericalError when the gradient is not finite: nothing is changed then. */
  async update(task: UpdateTask): Promise<UpdateResult> {
    const { beta1, beta2 } = task.optimizer;
    const size = task.weights.length; // of all weights, or of adapters, for which there is no Muon
    const layout = size === this.layout.size ? this.layout : { parameters: [], size };
    const session = await this.graphs.made(`update ${size} ${JSON.stringify(task.optimizer)}`, null, () =>
      updateGraph(layout, task.optimizer),
    );
    const flat = (data: Float32Array): TensorData => floats(data, size);
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
}

/** Adds the gradients that a graph gave to a flat sum. */
function addGradient(sum: Float32Array, layout: ParameterLayout, output: Record<string, TensorData>): void {
  for (const { name, offset } of layout.parameters) addTo(sum, floatsOf(output, gradientName(name)), offset);
}

const scalar = (output: Record<string, TensorData>, name: string): number => floatsOf(output, name)[0] as number;
