import ort from 'onnxruntime-node';
import { InternalError, RzeroError } from '../errors.js';
import { lower } from './lower.js';
import type { Value } from './node.js';
import { serialize } from './serialize.js';
import { WEBGPU } from './webgpu.js';

export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda';
/** A tensor outside a graph: flat elements, row-major, and their shape. */
export type TensorData = ort.Tensor;

let secondsInside = 0;

/** Seconds that this thread has spent inside ONNX Runtime: the rest of a task's time is JavaScript's. */
export const secondsInRuntime = (): number => secondsInside;

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

/** A graph compiled for a provider. Make it once: ONNX Runtime leaks on release (onnxruntime issues 25325, 26831). */
export class GraphSession {
  private constructor(private readonly session: ort.InferenceSession) {}

  /** `threads` work on each operator. Several sessions of one thread, each in its own worker, beat one session of
   *  several threads unless the model is so large that reading its weights is what takes the time. `files` says where its
   *  file tensors lie, and how they are used.
   *  @throws RzeroError where the provider is not to be had. */
  static async create(
    outputs: Readonly<Record<string, Value>>,
    provider: ExecutionProvider,
    threads: number,
    files: WeightFiles | null = null,
  ): Promise<GraphSession> {
    try {
      const session = await ort.InferenceSession.create(
        serialize(provider === 'webgpu' ? lower(outputs, WEBGPU) : outputs),
        {
          executionProviders: [provider],
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: 'all',
          // A pattern is a block of memory beside the arena's, for each shape of inputs seen: twice the memory, no faster.
          enableMemPattern: false,
          logSeverityLevel: 3,
          ...(files === null ? {} : { extra: fileOptions(files) }),
        },
      );
      return new GraphSession(session);
    } catch (cause) {
      throw new RzeroError(`the ${provider} execution provider refused a graph; "rzero doctor" tells what runs here`, {
        cause,
      });
    }
  }

  /** Runs the graph with those of `inputs` that it reads. Inputs are read in place, outputs are copies. Blocks this thread until it is done. */
  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<string, TensorData>>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const name of this.session.inputNames) {
      const tensor = inputs[name];
      if (tensor === undefined) throw new InternalError(`the graph's input ${name} was not given`);
      feeds[name] = tensor;
    }
    const start = performance.now();
    const results = await this.session.run(feeds);
    secondsInside += (performance.now() - start) / 1000;
    return results;
  }
}

/** A float32 tensor over `data`, which is not copied. */
export const floats = (data: Float32Array, ...dims: number[]): TensorData => new ort.Tensor('float32', data, dims);
/** An int64 tensor over `data`, which is not copied. */
export const integers = (data: BigInt64Array, ...dims: number[]): TensorData => new ort.Tensor('int64', data, dims);

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
