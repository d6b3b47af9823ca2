import { InternalError } from '../errors.js';
import { computedOnDevice, DeviceCopier, type DeviceTensors, disposeOf } from '../graph/device.js';
import type { Shape } from '../graph/node.js';
import { cast, fileTensor, identity, transposed } from '../graph/ops.js';
import type { ExecutionProvider, TensorData } from '../graph/session.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { tableShapes } from '../lm/device-sessions.js';
import { type ParameterLayout, parameterFeeds, parameterLayout } from '../lm/parameters.js';
import { isInBlocks } from '../lm/weight-places.js';
import { adaptedInputs, placeOf, type Weights, weightInputs } from '../lm/weights.js';
import { frozenPart, isQuantized, learnedLayout, learnedPart } from './policy-weights.js';
import type { FrozenWeights, PolicyWeights } from './tasks.js';

/** Policies whose weights a worker keeps at a time: Challenger, Solver, and a reference. */
const KEPT_VERSIONS = 3;

/** A policy's weights as values of a graph on a device: all are inputs, whether they learn or not, so that every graph reads
 *  the same tensors there. */
export const deviceGraphWeights = (config: DecoderConfig, weights: PolicyWeights): Weights =>
  'adapters' in weights ? adaptedInputs(config, weights.lora) : weightInputs(parameterLayout(config));

/**
 * A worker's weights in the memory of a device. Those that stay in a checkpoint's files are put there once, as float32 and
 * turned as our graphs want them; those that learn once for each version.
 */
export class DeviceWeights {
  private readonly versions = new Map<string, DeviceTensors>();
  private readonly frozen = new Map<string, Promise<DeviceTensors>>();
  private readonly copiers = new Map<string, Promise<DeviceCopier>>();

  constructor(
    private readonly config: DecoderConfig,
    private readonly provider: ExecutionProvider,
    private readonly threads: number,
  ) {}

  /** What feeds the weights to a graph of {@link deviceGraphWeights}. */
  async feeds(weights: PolicyWeights): Promise<DeviceTensors> {
    const [base, learned] = [frozenPart(weights), learnedPart(weights)];
    const stored = base === null || isQuantized(weights) ? {} : await this.stored(base);
    if (learned === null) return stored;
    const known = this.versions.get(learned.version);
    if (known !== undefined) return { ...stored, ...known };
    const copied = await this.copied(learnedLayout(this.config, weights), learned.buffer);
    this.forgetOldest();
    this.versions.set(learned.version, copied);
    return { ...stored, ...copied };
  }

  /** What copies the tables of a decoding step to the device. */
  tables(): Promise<DeviceCopier> {
    return this.copier('tables', tableShapes(this.config));
  }

  private copier(key: string, shapes: Readonly<Record<string, Shape>>): Promise<DeviceCopier> {
    const known = this.copiers.get(key);
    if (known !== undefined) return known;
    const made = DeviceCopier.create(shapes, this.provider, this.threads);
    this.copiers.set(key, made);
    return made;
  }

  private stored(base: FrozenWeights): Promise<DeviceTensors> {
    const known = this.frozen.get(base.folder);
    if (known !== undefined) return known;
    const made = this.read(base);
    this.frozen.set(base.folder, made);
    return made;
  }

  /** One weight at a time: its session holds it twice until it is released. */
  private async read({ folder, places }: FrozenWeights): Promise<DeviceTensors> {
    const tensors: Record<string, TensorData> = {};
    for (const { name, kind } of parameterLayout(this.config).parameters) {
      const place = placeOf(places, name);
      if (isInBlocks(place)) throw new InternalError(`${name} is in blocks, which are constants of each graph`);
      const weight = cast(fileTensor(place), 'float32');
      const outputs = { weight: identity(kind === 'projection' ? transposed(weight) : weight) };
      const files = { folder, use: 'pack' } as const;
      tensors[name] = (await computedOnDevice(outputs, {}, this.provider, this.threads, files))['weight'] as TensorData;
    }
    return tensors;
  }

  private async copied(layout: ParameterLayout, buffer: SharedArrayBuffer): Promise<DeviceTensors> {
    const feeds = parameterFeeds(layout, new Float32Array(new Float32Array(buffer)));
    const shapes = Object.fromEntries(layout.parameters.map(({ name, shape }) => [name, shape]));
    const copier = await this.copier(JSON.stringify(shapes), shapes);
    return copier.copy(feeds);
  }

  private forgetOldest(): void {
    const oldest = this.versions.entries().next();
    if (this.versions.size < KEPT_VERSIONS || oldest.done) return;
    const [version, tensors] = oldest.value;
    this.versions.delete(version);
    disposeOf(tensors);
  }
}
