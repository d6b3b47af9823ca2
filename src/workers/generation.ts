import type { DecoderConfig } from '../lm/architecture.js';
import { Arena } from '../lm/arena.js';
import { BATCHING_LIMITS, type DecodeSessions, type Generated, generate } from '../lm/batching.js';
import { decodeGraph, prefillGraph } from '../lm/decode.js';
import { generateOnDevice } from '../lm/device-generate.js';
import { deviceSessions } from '../lm/device-sessions.js';
import { prefillBy, prefillByDecoding } from '../lm/prefill.js';
import { samplingKind, type TokenChoice } from '../lm/sampling.js';
import type { DeviceWeights } from './device-weights.js';
import type { PolicyGraphs } from './policy-graphs.js';
import { frozenPart, graphKey } from './policy-weights.js';
import type { GenerateTask, PolicyWeights } from './tasks.js';

/** How a worker generates: which graphs it takes for which weights, and the memory that caches are in. */
export class Generation {
  private arena = new Arena();

  /** `stopped` throws when the task should be given up; it is called between tokens. */
  constructor(
    private readonly config: DecoderConfig,
    private readonly graphs: PolicyGraphs,
    private readonly stopped: () => void,
  ) {}

  async generate(task: GenerateTask): Promise<Generated[]> {
    const { weights, prompts, requests, sampling, limits = BATCHING_LIMITS } = task;
    if (this.graphs.device !== null) return this.onDevice(this.graphs.device, task);
    const sessions = await (frozenPart(weights) === null
      ? this.sharedSessions(weights, sampling)
      : this.frozenSessions(weights));
    const { arena, config, graphs, stopped } = this;
    try {
      const generator = { config, sessions, weights: await graphs.feeds(weights), arena, limits, stopped };
      return await generate(generator, prompts, requests, sampling);
    } catch (error) {
      this.arena = new Arena(); // numbers that are none must not lie in wait behind a mask: 0 · NaN is NaN
      throw error;
    }
  }

  /** A graph for each purpose, with the weights as inputs. */
  private async sharedSessions(weights: PolicyWeights, choice: TokenChoice): Promise<DecodeSessions> {
    const { config, graphs } = this;
    const kind = samplingKind(choice);
    const prefill = await graphs.over(weights, 'prefill', 'pack', (values) => prefillGraph(config, values));
    return {
      prefill: prefillBy(prefill, config, await graphs.feeds(weights)),
      decode: (laneCount) =>
        graphs.over(weights, `decode ${laneCount} ${kind}`, 'pack', (values) =>
          decodeGraph(config, values, { laneCount, sampling: kind, tokens: 'one' }),
        ),
      kind,
      single: false,
    };
  }

  /** One graph for everything, with the weights as constants that ONNX Runtime has packed for its products: twice as fast
   *  where few sequences decode at a time, and the memory of the weights but once. */
  private async frozenSessions(weights: PolicyWeights): Promise<DecodeSessions> {
    const { config, graphs } = this;
    const session = await graphs.over(weights, 'decode', 'pack', (values) =>
      decodeGraph(config, values, { laneCount: 1, sampling: 'any', tokens: 'many' }),
    );
    return {
      prefill: prefillByDecoding(session, config, await graphs.feeds(weights)),
      decode: async () => session,
      kind: 'any',
      single: true,
    };
  }

  /** With the weights and the cache on the device. */
  private async onDevice(
    device: DeviceWeights,
    { weights, prompts, requests, sampling, limits = BATCHING_LIMITS }: GenerateTask,
  ): Promise<Generated[]> {
    const { config, graphs, stopped } = this;
    const sessions = await deviceSessions(
      config,
      graphs.values(weights),
      samplingKind(sampling),
      await device.tables(),
      (name, graph, outputsOnDevice) =>
        graphs.made(`${name} ${graphKey(weights)}`, graphs.files(weights, 'pack'), graph, outputsOnDevice),
    );
    const generator = { config, sessions, weights: await device.feeds(weights), limits, stopped };
    return generateOnDevice(generator, prompts, requests, sampling);
  }
}
