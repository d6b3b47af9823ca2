import type { Value } from '../graph/node.js';
import { type ExecutionProvider, GraphSession, type TensorData, type WeightFiles } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import type { DeviceWeightFormat } from '../lm/device-formats.js';
import type { Weights } from '../lm/weights.js';
import { DeviceWeights } from './device-weights.js';
import { frozenPart, graphKey, graphWeights, isQuantized, WeightCopies } from './policy-weights.js';
import type { PolicyWeights } from './tasks.js';

/** A worker's graphs, made once each when first needed, and what feeds policies' weights to them. */
export class PolicyGraphs {
  private readonly sessions = new Map<string, Promise<GraphSession>>();
  private readonly copies: WeightCopies;
  /** Where weights and caches are when they are on a device; null where they are in this machine's memory. */
  readonly device: DeviceWeights | null;

  constructor(
    private readonly config: DecoderConfig,
    private readonly provider: ExecutionProvider,
    private readonly threads: number,
    deviceWeights: DeviceWeightFormat,
  ) {
    this.copies = new WeightCopies(config);
    this.device = provider === 'webgpu' ? new DeviceWeights(config, provider, threads, deviceWeights) : null;
  }

  /** The session of a graph that `make` makes over a policy's weights: inputs, or constants in their checkpoint's files,
   *  which are used as `use` says. Only the CPU packs: on CUDA constants stay as they are stored, half the size of float32 or
   *  less, and are cast as they are used. */
  over(
    weights: PolicyWeights,
    name: string,
    use: WeightFiles['use'],
    make: (values: Weights) => Record<string, Value>,
  ): Promise<GraphSession> {
    return this.made(`${name} ${graphKey(weights)}`, this.files(weights, use), () => make(this.values(weights)));
  }

  /** A policy's weights as values of a graph. Blocks of 4 bits are constants everywhere. */
  values(weights: PolicyWeights): Weights {
    if (this.device !== null && !isQuantized(weights)) return this.device.values(weights);
    return graphWeights(this.config, weights);
  }

  /** Where the constants among a graph's weights lie; null where there are none. */
  files(weights: PolicyWeights, use: WeightFiles['use']): WeightFiles | null {
    const frozen = frozenPart(weights);
    if (frozen === null || (this.device !== null && !isQuantized(weights))) return null;
    return { folder: frozen.folder, use: this.provider === 'cuda' ? 'read' : this.device === null ? use : 'pack' };
  }

  /** The session of a graph that is known by its name. */
  made(
    name: string,
    files: WeightFiles | null,
    make: () => Record<string, Value>,
    outputsOnDevice = false,
  ): Promise<GraphSession> {
    const known = this.sessions.get(name);
    if (known !== undefined) return known;
    const outputs = make();
    const onDevice = outputsOnDevice ? Object.keys(outputs) : [];
    const made = GraphSession.create(outputs, this.provider, this.threads, files, onDevice);
    this.sessions.set(name, made);
    return made;
  }

  /** What feeds a policy's weights to a graph; nothing where all are its constants. */
  async feeds(weights: PolicyWeights): Promise<Readonly<Record<string, TensorData>>> {
    return this.device === null ? this.copies.feeds(weights) : this.device.feeds(weights);
  }
}
