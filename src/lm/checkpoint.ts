import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import { architectureFile, type DecoderConfig, parseArchitecture } from './architecture.js';
import { type Parameter, parameterLayout } from './parameters.js';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.js';

/** A policy's weights in Hugging Face layout, in and out. Projections are [out, in] there and [in, out] here. */

export interface Checkpoint {
  readonly config: DecoderConfig;
  /** Flat, as `parameters.ts` lays it out. */
  readonly weights: Float32Array;
}

/** The folder's config.json alone. @throws CheckpointError when it is missing or not supported. */
export function loadArchitecture(folder: string): DecoderConfig {
  const path = join(folder, 'config.json');
  let json: unknown;
  try {
    json = JSON.parse(read(path).toString('utf8'));
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    throw new CheckpointError(`${path} is not JSON`, { cause });
  }
  return parseArchitecture(json, path);
}

/** A checkpoint folder: config.json and model.safetensors.
 *  @throws CheckpointError naming the file that is missing, or the tensor that is missing, misshapen or not finite. */
export function loadCheckpoint(folder: string): Checkpoint {
  const config = loadArchitecture(folder);
  const path = join(folder, 'model.safetensors');
  return { config, weights: decodeWeights(config, read(path), path) };
}

/** Writes config.json and model.safetensors; tokenizer files are the caller's. */
export function saveCheckpoint(folder: string, { config, weights }: Checkpoint): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(architectureFile(config), null, 2)}\n`);
  writeFileSync(join(folder, 'model.safetensors'), encodeWeights(config, weights));
}

/** The bytes of a model.safetensors. */
export function encodeWeights(config: DecoderConfig, weights: Float32Array): Uint8Array {
  const tensors = new Map<string, NamedTensor>();
  for (const parameter of parameterLayout(config).parameters) {
    const data = weights.subarray(parameter.offset, parameter.offset + parameter.size);
    tensors.set(parameter.name, isTurned(parameter) ? turned(data, parameter.shape) : { shape: parameter.shape, data });
  }
  return encodeSafetensors(tensors);
}

/** The flat weights in the bytes of a model.safetensors. @throws CheckpointError as {@link loadCheckpoint}. */
export function decodeWeights(config: DecoderConfig, bytes: Uint8Array, path: string): Float32Array {
  const tensors = decodeSafetensors(bytes, path);
  const layout = parameterLayout(config);
  const weights = new Float32Array(layout.size);
  for (const parameter of layout.parameters) {
    const tensor = tensors.get(parameter.name);
    if (tensor === undefined)
      throw new CheckpointError(`${path} has no tensor ${parameter.name}, which config.json asks for`);
    const expected = isTurned(parameter) ? parameter.shape.toReversed() : parameter.shape;
    if (tensor.shape.join() !== expected.join()) {
      throw new CheckpointError(
        `${path}: ${parameter.name} is [${tensor.shape.join(', ')}], config.json asks for [${expected.join(', ')}]`,
      );
    }
    if (!tensor.data.every(Number.isFinite))
      throw new CheckpointError(`${path}: ${parameter.name} has a value that is not finite`);
    weights.set(isTurned(parameter) ? turned(tensor.data, expected).data : tensor.data, parameter.offset);
  }
  return weights;
}

const isTurned = (parameter: Parameter): boolean => parameter.kind === 'projection';

function turned(data: Float32Array, shape: readonly number[]): NamedTensor {
  const [rows, columns] = shape as readonly [number, number];
  const result = new Float32Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c] as number;
  return { shape: [columns, rows], data: result };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CheckpointError(`${path} ${missing ? 'is missing; a checkpoint folder needs it' : 'could not be read'}`, {
      cause,
    });
  }
}
