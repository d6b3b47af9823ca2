import ort from 'onnxruntime-node';
import { InternalError, RzeroError } from '../errors.js';
import type { Value } from './node.js';
import { serialize } from './serialize.js';

export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda';
/** A tensor outside a graph: flat elements, row-major, and their shape. */
export interface TensorData {
  readonly data: Float32Array | BigInt64Array | Uint8Array;
  readonly dims: readonly number[];
}

/** A graph compiled for a provider. Make it once: ONNX Runtime leaks on release (onnxruntime issues 25325, 26831). */
export class GraphSession {
  private constructor(private readonly session: ort.InferenceSession) {}

  /** One thread: several such sessions, each in its own worker, beat one session with several threads.
   *  @throws RzeroError where the provider is not to be had. */
  static async create(outputs: Readonly<Record<string, Value>>, provider: ExecutionProvider): Promise<GraphSession> {
    try {
      const session = await ort.InferenceSession.create(serialize(outputs), {
        executionProviders: [provider],
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
      return new GraphSession(session);
    } catch (cause) {
      throw new RzeroError(`the ${provider} execution provider refused a graph; "rzero doctor" tells what runs here`, {
        cause,
      });
    }
  }

  /** Runs the graph with those of `inputs` that it reads. Inputs are read in place, outputs are copies. Blocks this thread until it is done. */
  async run(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const name of this.session.inputNames) {
      const tensor = inputs[name];
      if (tensor === undefined) throw new InternalError(`the graph's input ${name} was not given`);
      feeds[name] = toTensor(tensor);
    }
    const results = await this.session.run(feeds);
    return results as unknown as Record<string, TensorData>;
  }
}

/** A float32 tensor. */
export const floats = (data: Float32Array, ...dims: number[]): TensorData => ({ data, dims });
/** An int64 tensor. */
export const integers = (data: BigInt64Array, ...dims: number[]): TensorData => ({ data, dims });

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

function toTensor({ data, dims }: TensorData): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, dims);
  if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, dims);
  return new ort.Tensor('bool', data, dims);
}
