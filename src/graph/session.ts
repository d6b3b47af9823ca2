import ort from 'onnxruntime-node';
import { InternalError, RzeroError } from '../errors.js';
import { isHalf } from './halves.js';
import { lower } from './lower.js';
import { topologicalOrder, type Value } from './node.js';
import { profileOf } from './profiling.js';
import { serialize } from './serialize.js';
import { WEBGPU } from './webgpu.js';

export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda';
/** A tensor outside a graph: flat elements, row-major, and their shape. */
export type TensorData = ort.Tensor;

let secondsInside = 0;

/** Seconds that this thread has spent inside ONNX Runtime: the rest of a task's time is JavaScript's. */
export const secondsInRuntime = (): number => secondsInside;

let [uploadedBytes, downloadedBytes] = [0, 0];

/** Bytes of the tensors that this thread has given to graphs on an accelerator out of this machine's memory, and has got
 *  back into it. What stays on the device is not counted. */
export const transferredBytes = () => ({ uploaded: uploadedBytes, downloaded: downloadedBytes });

/** Where a graph's file tensors lie, and how it uses them: packed for its products once, which is fast for few rows and takes
 *  the memory of the weights as float32; or read from the mapped files at each product, which takes none. */
export interface WeightFiles {
  readonly folder: string;
  readonly use: 'pack' | 'read';
}

/** Session settings for file tensors. To read them at each product means to pack none, to cast none beforehand, and to cast
 *  anew for each use: what is shared by several uses would be kept from the first to the last. */
const fileOptions = ({ folder, use }: WeightFiles): Record<string, Record<string, string>> => ({
  session: {
    model_external_initializers_file_folder_path: folder,
    ...(use === 'read' ? { disable_prepacking: '1' } : {}),
  },
  ...(use === 'read'
    ? { optimization: { disable_specified_optimizers: 'ConstantFolding;CommonSubexpressionElimination' } }
    : {}),
});

/** Session settings for weights of 16 bits that are inputs: each is cast anew for each use, as those of files are. */
const HALF_INPUTS = { optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' } };

const hasHalfInputs = (outputs: Readonly<Record<string, Value>>): boolean =>
  topologicalOrder(Object.values(outputs)).some(
    ({ attributes: { input } }) => input !== undefined && isHalf(input.dtype),
  );

/** A graph compiled for a provider. Make it once: ONNX Runtime leaks on release (onnxruntime issues 25325, 26831). */
export class GraphSession {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly provider: ExecutionProvider,
    private readonly endProfile: () => void,
  ) {}

  /** `threads` work on each operator. Several sessions of one thread, each in its own worker, beat one session of
   *  several threads unless the model is so large that reading its weights is what takes the time. `files` says where its
   *  file tensors lie, and how they are used. The outputs named by `onDevice` stay in the memory of a WebGPU device: they can be fed to
   *  any graph there and not be read, and their memory is theirs until they are disposed of.
   *  @throws RzeroError where the provider is not to be had. */
  static async create(
    outputs: Readonly<Record<string, Value>>,
    provider: ExecutionProvider,
    threads: number,
    files: WeightFiles | null = null,
    onDevice: readonly string[] = [],
  ): Promise<GraphSession> {
    const names = Object.keys(outputs);
    const model = serialize(provider === 'webgpu' ? lower(outputs, WEBGPU) : outputs);
    const profile = profileOf(names);
    try {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        // A pattern is a block of memory beside the arena's, for each shape of inputs seen: twice the memory, no faster.
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(files !== null ? { extra: fileOptions(files) } : hasHalfInputs(outputs) ? { extra: HALF_INPUTS } : {}),
        ...(onDevice.length === 0 ? {} : { preferredOutputLocation: outputLocations(names, onDevice) }),
        ...profile.options,
      });
      return new GraphSession(session, provider, profile.note(session));
    } catch (cause) {
      throw new RzeroError(`the ${provider} execution provider refused a graph; "rzero doctor" tells what runs here`, {
        cause,
      });
    }
  }

  /** Runs the graph with those of `inputs` that it reads. Inputs are read in place, outputs are copies. Blocks this thread until it is done. */
  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<string, TensorData>>> {
    return this.runInto({}, inputs);
  }

  /** The same, with the outputs that `targets` names written to those tensors, which are on the device, and not among the
   *  results. One that is an input too is changed in place, if what makes the output can do that: ScatterElements does. */
  async runInto(
    targets: Readonly<Record<string, TensorData>>,
    inputs: Readonly<Record<string, TensorData>>,
  ): Promise<Readonly<Record<string, TensorData>>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const name of this.session.inputNames) {
      const tensor = inputs[name];
      if (tensor === undefined) throw new InternalError(`the graph's input ${name} was not given`);
      feeds[name] = tensor;
    }
    const fetches = Object.fromEntries(this.session.outputNames.map((name) => [name, targets[name] ?? null]));
    const start = performance.now();
    const results = await this.session.run(feeds, fetches);
    secondsInside += (performance.now() - start) / 1000;
    if (this.provider !== 'cpu') {
      uploadedBytes += bytesHere(feeds);
      downloadedBytes += bytesHere(results);
    }
    const written = Object.keys(targets);
    if (written.length === 0) return results;
    for (const name of written) results[name]?.dispose(); // a second handle, to the target's memory
    return Object.fromEntries(Object.entries(results).filter(([name]) => !(name in targets)));
  }

  /** Gives its memory back. Only for a session that is not wanted again: a little of it leaks each time. */
  async release(): Promise<void> {
    this.endProfile();
    await this.session.release();
  }
}

const outputLocations = (names: readonly string[], onDevice: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, onDevice.includes(name) ? ('gpu-buffer' as const) : ('cpu' as const)]));

/** Bytes of those tensors that are in this machine's memory. */
function bytesHere(tensors: Readonly<Record<string, TensorData>>): number {
  let bytes = 0;
  for (const tensor of Object.values(tensors)) {
    if (tensor.location === 'cpu' && ArrayBuffer.isView(tensor.data)) bytes += tensor.data.byteLength;
  }
  return bytes;
}

/** A float32 tensor over `data`, which is not copied. */
export const floats = (data: Float32Array, ...dims: number[]): TensorData => new ort.Tensor('float32', data, dims);
/** An int64 tensor over `data`, which is not copied. */
export const integers = (data: BigInt64Array, ...dims: number[]): TensorData => new ort.Tensor('int64', data, dims);

/** A uint32 tensor over `data`, which is not copied. */
export const words = (data: Uint32Array, ...dims: number[]): TensorData => new ort.Tensor('uint32', data, dims);

/** The elements of a float32 output. */
export function floatsOf(outputs: Readonly<Record<string, TensorData>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new InternalError(`the graph has no float32 output ${name}`);
}
/** The elements of an int64 output. */
export function integersOf(outputs: Readonly<Record<string, TensorData>>, name: string): BigInt64Array {
  const data = outputs[name]?.data;
  if (data instanceof BigInt64Array) return data;
  throw new InternalError(`the graph has no int64 output ${name}`);
}
