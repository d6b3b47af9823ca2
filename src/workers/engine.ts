import { NumericalError } from '../errors.js';
import type { Value } from '../graph/node.js';
import {
  type ExecutionProvider,
  floats,
  floatsOf,
  GraphSession,
  secondsInRuntime,
  type TensorData,
  type WeightFiles,
} from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { Arena } from '../lm/arena.js';
import { BATCHING_LIMITS, type DecodeSessions, type Generated, generate } from '../lm/batching.js';
import { decodeGraph, prefillGraph } from '../lm/decode.js';
import { generateOnDevice } from '../lm/device-generate.js';
import { deviceSessions } from '../lm/device-sessions.js';
import { updateGraph } from '../lm/optimizer.js';
import { type ParameterLayout, parameterLayout } from '../lm/parameters.js';
import { prefillBy, prefillByDecoding } from '../lm/prefill.js';
import { samplingKind, type TokenChoice } from '../lm/sampling.js';
import {
  gradientName,
  grpoGraph,
  scoreGraph,
  sequenceFeeds,
  supervisedGraph,
  widthMultiple,
} from '../lm/train-step.js';
import type { Weights } from '../lm/weights.js';
import { microBatches } from '../rl/packing.js';
import { addTo } from './add-to.js';
import { DeviceWeights, deviceGraphWeights } from './device-weights.js';
import { grpoFeeds } from './grpo-feeds.js';
import { type Limits, measureLimits } from './limits.js';
import { frozenPart, graphKey, graphWeights, learnedLayout, WeightCopies } from './policy-weights.js';
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

/** One model on one thread: its graphs, made once each when first needed, and the weights it was last given. */
export class Engine {
  private readonly layout: ParameterLayout;
  private readonly sessions = new Map<string, Promise<GraphSession>>();
  private readonly copies: WeightCopies;
  /** Where weights and caches are when they are on a device; null where they are in this machine's memory. */
  private readonly device: DeviceWeights | null;
  private arena = new Arena();

  /** `stopped` throws when the task should be given up; it is called between runs. */
  constructor(
    private readonly config: DecoderConfig,
    private readonly provider: ExecutionProvider,
    private readonly stopped: () => void,
    private readonly threads: number,
  ) {
    this.layout = parameterLayout(config);
    this.copies = new WeightCopies(config);
    this.device = provider === 'webgpu' ? new DeviceWeights(config, provider, threads) : null;
  }

  async generate({
    weights,
    prompts,
    requests,
    sampling,
    limits = BATCHING_LIMITS,
  }: GenerateTask): Promise<Generated[]> {
    if (this.device !== null)
      return this.generateOnDevice(this.device, { weights, prompts, requests, sampling, limits });
    const sessions = await (frozenPart(weights) === null
      ? this.sharedSessions(weights, sampling)
      : this.frozenSessions(weights));
    const { arena, config, stopped } = this;
    try {
      const generator = { config, sessions, weights: this.copies.feeds(weights), arena, limits, stopped };
      return await generate(generator, prompts, requests, sampling);
    } catch (error) {
      this.arena = new Arena(); // numbers that are none must not lie in wait behind a mask: 0 · NaN is NaN
      throw error;
    }
  }

  /** A graph for each purpose, with the weights as inputs. */
  private async sharedSessions(weights: PolicyWeights, choice: TokenChoice): Promise<DecodeSessions> {
    const { config } = this;
    const kind = samplingKind(choice);
    const prefill = await this.session('prefill', weights, 'pack', (values) => prefillGraph(config, values));
    return {
      prefill: prefillBy(prefill, config, this.copies.feeds(weights)),
      decode: (laneCount) =>
        this.session(`decode ${laneCount} ${kind}`, weights, 'pack', (values) =>
          decodeGraph(config, values, { laneCount, sampling: kind, tokens: 'one' }),
        ),
      kind,
      single: false,
    };
  }

  /** One graph for everything, with the weights as constants that ONNX Runtime has packed for its products: twice as fast
   *  where few sequences decode at a time, and the memory of the weights but once. */
  private async frozenSessions(weights: PolicyWeights): Promise<DecodeSessions> {
    const { config } = this;
    const session = await this.session('decode', weights, 'pack', (values) =>
      decodeGraph(config, values, { laneCount: 1, sampling: 'any', tokens: 'many' }),
    );
    return {
      prefill: prefillByDecoding(session, config, this.copies.feeds(weights)),
      decode: async () => session,
      kind: 'any',
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
  private async logprobs(weights: PolicyWeights, feeds: Readonly<Record<string, TensorData>>): Promise<TensorData> {
    const session = await this.session('score', weights, 'read', (values) => scoreGraph(this.config, values));
    return (await session.run({ ...(await this.feeds(weights)), ...feeds }))['logprobs'] as TensorData;
  }

  /** Gradient of the weighted cross-entropy, summed over the micro-batches. */
  async supervised({ weights, batches }: SupervisedTask): Promise<GradientResult> {
    const layout = learnedLayout(this.config, weights);
    const session = await this.session('supervised', weights, 'read', (values) =>
      supervisedGraph(this.config, { weights: values, layout }, { recompute: false }),
    );
    const sum = { gradient: new Float32Array(layout.size), loss: 0 };
    for (const batch of batches) {
      this.stopped();
      const { feeds, width } = sequenceFeeds(this.config, batch.sequences, widthMultiple(this.config));
      const targetWeights = new Float32Array(batch.sequences.length * width);
      for (const [b, row] of batch.weights.entries()) targetWeights.set(row, b * width);
      const output = await session.run({
        ...(await this.feeds(weights)),
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
    const session = await this.session(`grpo ${JSON.stringify({ settings, train })}`, weights, 'read', (values) =>
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
      const output = await session.run({ ...(await this.feeds(weights)), ...feeds, referenceLogprobs });
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
    const session = await this.made(`update ${size} ${JSON.stringify(task.optimizer)}`, null, () =>
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

  /** The session of a graph that `make` makes over its weights: inputs, or constants in their checkpoint's files. */
  private session(
    name: string,
    weights: PolicyWeights,
    use: WeightFiles['use'],
    make: (values: Weights) => Record<string, Value>,
  ): Promise<GraphSession> {
    const frozen = frozenPart(weights);
    const files = this.device !== null || frozen === null ? null : { folder: frozen.folder, use };
    const valuesOf = this.device === null ? graphWeights : deviceGraphWeights;
    return this.made(`${name} ${graphKey(weights)}`, files, () => make(valuesOf(this.config, weights)));
  }

  private made(
    key: string,
    files: WeightFiles | null,
    make: () => Record<string, Value>,
    outputsOnDevice = false,
  ): Promise<GraphSession> {
    const known = this.sessions.get(key);
    if (known !== undefined) return known;
    const outputs = make();
    const onDevice = outputsOnDevice ? Object.keys(outputs) : [];
    const made = GraphSession.create(outputs, this.provider, this.threads, files, onDevice);
    this.sessions.set(key, made);
    return made;
  }

  /** What feeds a policy's weights to a graph. */
  private async feeds(weights: PolicyWeights): Promise<Readonly<Record<string, TensorData>>> {
    return this.device === null ? this.copies.feeds(weights) : this.device.feeds(weights);
  }

  /** Generates with the weights and the cache on the device. */
  private async generateOnDevice(
    device: DeviceWeights,
    { weights, prompts, requests, sampling, limits = BATCHING_LIMITS }: GenerateTask,
  ): Promise<Generated[]> {
    const { config, stopped } = this;
    const kind = samplingKind(sampling);
    const sessions = await deviceSessions(
      config,
      deviceGraphWeights(config, weights),
      kind,
      await device.tables(),
      (name, graph, outputsOnDevice) => this.made(`${name} ${graphKey(weights)}`, null, graph, outputsOnDevice),
    );
    const generator = { config, sessions, weights: await device.feeds(weights), limits, stopped };
    return generateOnDevice(generator, prompts, requests, sampling);
  }
}

/** Adds the gradients that a graph gave to a flat sum. */
function addGradient(sum: Float32Array, layout: ParameterLayout, output: Record<string, TensorData>): void {
  for (const { name, offset } of layout.parameters) addTo(sum, floatsOf(output, gradientName(name)), offset);
}

const scalar = (output: Record<string, TensorData>, name: string): number => floatsOf(output, name)[0] as number;
