import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import type { FilePlace } from '../graph/node.js';
import { writeAside } from '../write-aside.js';
import { architectureFile, type DecoderConfig, parseArchitecture } from './architecture.js';
import { type Parameter, type ParameterLayout, parameterLayout } from './parameters.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  headerLength,
  type NamedTensor,
  safetensorsStart,
  type TensorPlace,
  tensorPlaces,
} from './safetensors.js';

/** A policy's weights in Hugging Face layout, in and out. Projections are [out, in] there and [in, out] here. */

const WEIGHTS_FILE = 'model.safetensors';

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
  const path = join(folder, WEIGHTS_FILE);
  return { config, weights: decodeWeights(parameterLayout(config), read(path), path) };
}

/** A checkpoint whose weights stay in their file. */
export interface CheckpointFile {
  readonly folder: string;
  readonly config: DecoderConfig;
  readonly places: ReadonlyMap<string, FilePlace>;
}

/** A checkpoint folder, of whose model.safetensors only the header is read: for models that are used and not trained.
 *  @throws CheckpointError as {@link loadCheckpoint}, but for values that are not finite. */
export function openCheckpoint(folder: string): CheckpointFile {
  const config = loadArchitecture(folder);
  const path = join(folder, WEIGHTS_FILE);
  const tensors = readPlaces(path);
  const places = new Map<string, FilePlace>();
  for (const parameter of parameterLayout(config).parameters) {
    const { shape, from, to } = wanted(tensors, parameter, path);
    places.set(parameter.name, { file: WEIGHTS_FILE, offset: from, sizeBytes: to - from, dims: shape });
  }
  return { folder, config, places };
}

/** Writes config.json and model.safetensors, a tensor at a time; tokenizer files are the caller's. A file is whole or not
 *  there: it is written aside and renamed. */
export function saveCheckpoint(folder: string, { config, weights }: Checkpoint): void {
  mkdirSync(folder, { recursive: true });
  const { parameters } = parameterLayout(config);
  writeAside(join(folder, WEIGHTS_FILE), (append) => {
    append(safetensorsStart(new Map(parameters.map((parameter) => [parameter.name, fileShape(parameter)]))));
    for (const parameter of parameters) {
      const { data } = inFile(parameter, weights);
      append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(architectureFile(config), null, 2)}\n`);
}

/** The bytes of a safetensors file with these parameters, weights or adapters. */
export function encodeWeights({ parameters }: ParameterLayout, weights: Float32Array): Uint8Array {
  return encodeSafetensors(new Map(parameters.map((parameter) => [parameter.name, inFile(parameter, weights)])));
}

/** The flat parameters in the bytes of a safetensors file. @throws CheckpointError as {@link loadCheckpoint}. */
export function decodeWeights(layout: ParameterLayout, bytes: Uint8Array, path: string): Float32Array {
  const tensors = decodeSafetensors(bytes, path);
  const weights = new Float32Array(layout.size);
  for (const parameter of layout.parameters) {
    const tensor = wanted(tensors, parameter, path);
    if (!tensor.data.every(Number.isFinite))
      throw new CheckpointError(
        `${path}: ${parameter.name} has a value that is not finite; make the checkpoint again, or download it again`,
      );
    weights.set(isTurned(parameter) ? turned(tensor.data, tensor.shape).data : tensor.data, parameter.offset);
  }
  return weights;
}

/** A parameter's tensor, of the shape that the configuration asks for. */
function wanted<T extends { readonly shape: readonly number[] }>(
  tensors: ReadonlyMap<string, T>,
  parameter: Parameter,
  path: string,
): T {
  const tensor = tensors.get(parameter.name);
  if (tensor === undefined)
    throw new CheckpointError(`${path} has no tensor ${parameter.name}, which config.json asks for`);
  const expected = fileShape(parameter);
  if (tensor.shape.join() !== expected.join()) {
    throw new CheckpointError(
      `${path}: ${parameter.name} is [${tensor.shape.join(', ')}], config.json asks for [${expected.join(', ')}]`,
    );
  }
  return tensor;
}

/** A parameter as the file has it. */
function inFile(parameter: Parameter, weights: Float32Array): NamedTensor {
  const data = weights.subarray(parameter.offset, parameter.offset + parameter.size);
  return isTurned(parameter) ? turned(data, parameter.shape) : { shape: parameter.shape, data };
}

const fileShape = (parameter: Parameter): readonly number[] =>
  isTurned(parameter) ? parameter.shape.toReversed() : parameter.shape;

const isTurned = (parameter: Parameter): boolean => parameter.kind === 'projection';

function turned(data: Float32Array, shape: readonly number[]): NamedTensor {
  const [rows, columns] = shape as readonly [number, number];
  const result = new Float32Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c] as number;
  return { shape: [columns, rows], data: result };
}

/** The header of a safetensors file; its tensors may be larger than a buffer can be. */
function readPlaces(path: string): Map<string, TensorPlace> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const { size } = fstatSync(file);
    const start = new Uint8Array(8);
    const length = headerLength(start.subarray(0, readSync(file, start, 0, 8, 0)), size, path);
    const header = new Uint8Array(length);
    readSync(file, header, 0, length, 0);
    return tensorPlaces(header, size, path);
  } finally {
    closeSync(file);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): CheckpointError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const fault = missing ? 'is missing; a checkpoint folder needs it' : 'could not be read';
  return new CheckpointError(`${path} ${fault}`, { cause });
}
