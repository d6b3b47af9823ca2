import { InternalError } from '../errors.js';
import { computedOnDevice, DeviceCopier, type DeviceTensors, disposeOf } from '../graph/device.js';
import { isHalf } from '../graph/halves.js';
import type { DType, Shape } from '../graph/node.js';
import { cast, fileTensor, identity, transposed } from '../graph/ops.js';
import { type ExecutionProvider, type TensorData, words } from '../graph/session.js';
import { pairShape } from '../graph/webgpu-halves.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { type DeviceFormats, type DeviceWeightFormat, deviceFormats } from '../lm/device-formats.js';
import { tableShapes } from '../lm/device-sessions.js';
import { heldHalves } from '../lm/held-halves.js';
import { type Parameter, type ParameterLayout, parameterFeeds, parameterLayout } from '../lm/parameters.js';
import { type FloatPlace, isInBlocks, type WeightPlaces } from '../lm/weight-places.js';
import { adaptedInputs, heldInputs, placeOf, type Weights, weightInputs } from '../lm/weights.js';
import { frozenPart, isQuantized, learnedLayout, learnedPart } from './policy-weights.js';
import type { FrozenWeights, PolicyWeights } from './tasks.js';

/** Policies whose weights a worker keeps at a time: Challenger, Solver, and a reference. */
const KEPT_VERSIONS = 3;

/**
 * A worker's weights in the memory of a device. Those that stay in a checkpoint's files are put there once: in 16 bits as their
 * bytes are, and in float32 turned as our graphs want them. Those that learn are put there once for each version, in float32.
 */
export class DeviceWeights {
  private readonly versions = new Map<string, DeviceTensors>();
  private readonly frozen = new Map<string, Promise<DeviceTensors>>();
  private readonly copiers = new Map<string, Promise<DeviceCopier>>();

  constructor(
    private readonly config: DecoderConfig,
    private readonly provider: ExecutionProvider,
    private readonly threads: number,
    private readonly wanted: DeviceWeightFormat,
  ) {}

  /** A policy's weights as values of a graph: all are inputs, whether they learn or not, so that every graph reads the same
   *  tensors. */
  values(weights: PolicyWeights): Weights {
    const base = frozenPart(weights);
    if (base === null) return weightInputs(parameterLayout(this.config));
    const formats = this.formats(base);
    return 'adapters' in weights ? adaptedInputs(this.config, formats, weights.lora) : heldInputs(this.config, formats);
  }

  /** What feeds the weights to a graph of {@link values}. */
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

  private copier(
    key: string,
    shapes: Readonly<Record<string, Shape>>,
    dtype: DType = 'float32',
  ): Promise<DeviceCopier> {
    const known = this.copiers.get(key);
    if (known !== undefined) return known;
    const made = DeviceCopier.create(shapes, this.provider, this.threads, dtype);
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

  /** One weight at a time, as it is in memory twice until it is there. */
  private async read(base: FrozenWeights): Promise<DeviceTensors> {
    const { folder, places } = base;
    const formats = this.formats(base);
    const tensors: Record<string, TensorData> = {};
    for (const parameter of parameterLayout(this.config).parameters) {
      const { name } = parameter;
      const place = floatPlaceOf(places, name);
      tensors[name] = isHalf(formats.get(name) ?? 'float32')
        ? await this.pairs(folder, name, place)
        : await this.widened(folder, parameter, place);
    }
    return tensors;
  }

  private formats({ places }: FrozenWeights): DeviceFormats {
    return deviceFormats(this.config, (name) => floatPlaceOf(places, name).dtype, this.wanted);
  }

  private async pairs(folder: string, name: string, place: FloatPlace): Promise<TensorData> {
    const copier = await this.copier('pairs', { pairs: ['N', 'K'] }, 'uint32');
    const shape = pairShape(name, place.dims).map(Number);
    return onlyOne(await copier.copy({ pairs: words(heldHalves(folder, name, place), ...shape) }));
  }

  private async widened(folder: string, { kind }: Parameter, place: FloatPlace): Promise<TensorData> {
    const weight = cast(fileTensor(place), 'float32');
    const outputs = { weight: identity(kind === 'projection' ? transposed(weight) : weight) };
    return onlyOne(await computedOnDevice(outputs, {}, this.provider, this.threads, { folder, use: 'pack' }));
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

function floatPlaceOf(places: WeightPlaces, name: string): FloatPlace {
  const place = placeOf(places, name);
  if (isInBlocks(place)) throw new InternalError(`${name} is in blocks, which are constants of each graph`);
  return place;
}

const onlyOne = (tensors: DeviceTensors): TensorData => Object.values(tensors)[0] as TensorData;
