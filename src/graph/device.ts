import type { DType, Shape, Value } from './node.js';
import { identity, input } from './ops.js';
import { type ExecutionProvider, GraphSession, type TensorData, type WeightFiles } from './session.js';

/**
 * Tensors in the memory of a WebGPU device. Rules:
 * - they can be fed to any graph of this thread, and not be read: what is wanted here is an output that is not kept there;
 * - their memory is theirs until they are disposed of; a garbage collection does not know how large they are.
 */
export type DeviceTensors = Readonly<Record<string, TensorData>>;

/** The outputs of a graph that is run but once, on the device. */
export async function computedOnDevice(
  outputs: Readonly<Record<string, Value>>,
  inputs: Readonly<Record<string, TensorData>>,
  provider: ExecutionProvider,
  threads: number,
  files: WeightFiles | null,
): Promise<DeviceTensors> {
  const session = await GraphSession.create(outputs, provider, threads, files, Object.keys(outputs));
  const tensors = await session.run(inputs);
  await session.release();
  return tensors;
}

/** Copies tensors of one type and of certain names and shapes to the device, time and again. */
export class DeviceCopier {
  private constructor(private readonly session: GraphSession) {}

  static async create(
    shapes: Readonly<Record<string, Shape>>,
    provider: ExecutionProvider,
    threads: number,
    dtype: DType = 'float32',
  ): Promise<DeviceCopier> {
    const copies = Object.entries(shapes).map(
      ([name, shape]) => [copyName(name), identity(input(name, shape, dtype))] as const,
    );
    const graph: Record<string, Value> = Object.fromEntries(copies);
    return new DeviceCopier(await GraphSession.create(graph, provider, threads, null, Object.keys(graph)));
  }

  async copy(tensors: Readonly<Record<string, TensorData>>): Promise<DeviceTensors> {
    const copies = await this.session.run(tensors);
    return Object.fromEntries(Object.keys(tensors).map((name) => [name, copies[copyName(name)] as TensorData]));
  }
}

const copyName = (name: string): string => `copy:${name}`;

/** Gives the memory of tensors back. */
export function disposeOf(tensors: DeviceTensors): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
