import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import type { FilePlace } from '../graph/node.js';
import { writeAside } from '../write-aside.js';
import { architectureFile, type DecoderConfig, parseArchitecture } from './architecture.js';
import { dequantizedBlocks } from './block-quantization.js';
import {
  readBytes,
  readJson,
  type StoredTensor,
  type StoredTensors,
  storedTensors,
  WEIGHTS_FILE,
} from './checkpoint-files.js';
import { asInFile, fileShape, fromFile } from './file-layout.js';
import { type FloatFormat, indexOfNotFinite, toFloat32 } from './float-formats.js';
import { type Parameter, type ParameterLayout, parameterLayout } from './parameters.js';
import { isQuantized } from './quantization.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  floatFormat,
  type NamedTensor,
  safetensorsHeader,
} from './safetensors.js';
import {
  type BlockPlaces,
  blockShapes,
  type FloatPlace,
  goesIntoBlocks,
  isInBlocks,
  packedName,
  scaleName,
  type WeightPlace,
  type WeightPlaces,
} from './weight-places.js';

/** A policy's weights in Hugging Face layout, in and out. Projections are [out, in] there and [in, out] here. */

export interface Checkpoint {
  readonly config: DecoderConfig;
  /** Flat, as `parameters.ts` lays it out. */
  readonly weights: Float32Array;
}

/** The folder's config.json alone. @throws CheckpointError when it is missing or not supported. */
export function loadArchitecture(folder: string): DecoderConfig {
  const path = join(folder, 'config.json');
  return parseArchitecture(readJson(path), path);
}

/** Whether the folder's projections are in blocks of 4 bits. @throws CheckpointError as {@link loadArchitecture}. */
export function isQuantizedCheckpoint(folder: string): boolean {
  const path = join(folder, 'config.json');
  return isQuantized(readJson(path), path);
}

/** A checkpoint folder, all of whose weights come into memory as float32, to learn.
 *  @throws CheckpointError naming the file that is missing, or the tensor that is missing, misshapen or not finite; and for
 *  weights of 4 bits, which do not learn. */
export function loadCheckpoint(folder: string): Checkpoint {
  if (isQuantizedCheckpoint(folder))
    throw new CheckpointError(`${folder} has weights of 4 bits, which are read where they are and not loaded to learn`);
  const { config, folder: home, places } = openCheckpoint(folder);
  const layout = parameterLayout(config);
  const weights = new Float32Array(layout.size);
  for (const parameter of layout.parameters) {
    const { data } = readStored(home, places.get(parameter.name) as WeightPlace);
    weights.set(fromFile(parameter, data), parameter.offset);
  }
  return { config, weights };
}

/** A checkpoint whose weights stay in their files. */
export interface CheckpointFiles {
  /** Where the files really are. */
  readonly folder: string;
  readonly config: DecoderConfig;
  readonly places: WeightPlaces;
}

/** A checkpoint folder whose weights are looked at and left where they are.
 *  @throws CheckpointError as {@link loadCheckpoint}, and for tensors that the configuration has no use for. */
export function openCheckpoint(folder: string): CheckpointFiles {
  const config = loadArchitecture(folder);
  const quantized = isQuantizedCheckpoint(folder);
  const stored = storedTensors(folder);
  const places = new Map<string, WeightPlace>();
  const used = new Map<string, FloatPlace | null>();
  for (const parameter of parameterLayout(config).parameters) {
    const { name } = parameter;
    if (quantized && goesIntoBlocks(parameter)) {
      const place = blockPlaces(stored, parameter);
      places.set(name, place);
      used.set(packedName(name), null).set(scaleName(name), place.scales);
    } else {
      const place = floatPlace(stored, name, fileShape(parameter));
      places.set(name, place);
      used.set(name, place);
    }
  }
  refuseUnused(stored, used, config);
  for (const [name, place] of used) if (place !== null) refuseNotFinite(stored.folder, name, place);
  return { folder: stored.folder, config, places };
}

function floatPlace({ tensors, path }: StoredTensors, name: string, shape: readonly number[]): FloatPlace {
  const tensor = wanted(tensors, name, shape, path);
  return { ...filePlace(tensor), dtype: floatFormat(name, tensor, path) };
}

function blockPlaces(stored: StoredTensors, parameter: Parameter): BlockPlaces {
  const shapes = blockShapes(parameter);
  const [packed, scale] = [packedName(parameter.name), scaleName(parameter.name)];
  const bytes = wanted(stored.tensors, packed, shapes.packed, stored.path);
  const scales = floatPlace(stored, scale, shapes.scales);
  const wrong =
    bytes.type !== 'U8' ? [packed, bytes.type, 'U8'] : scales.dtype !== 'float32' ? [scale, scales.dtype, 'F32'] : null;
  if (wrong !== null)
    throw new CheckpointError(`${stored.path}: tensor ${wrong[0]} has type ${wrong[1]}, expected ${wrong[2]}`);
  return { packed: { ...filePlace(bytes), dtype: 'uint8' }, scales };
}

const filePlace = ({ file, shape, from, to }: StoredTensor) => ({
  file,
  offset: from,
  sizeBytes: to - from,
  dims: shape,
});

/** A weight as its file has it, in float32. */
export function readStored(folder: string, place: WeightPlace): NamedTensor {
  if (!isInBlocks(place)) return { shape: place.dims, data: toFloat32(storedBytes(folder, place), place.dtype) };
  const { packed, scales } = place;
  const blocks = { packed: storedBytes(folder, packed), scales: readStored(folder, scales).data };
  const [rows = 1] = scales.dims;
  return { shape: [rows, (2 * packed.sizeBytes) / rows], data: dequantizedBlocks(blocks) };
}

/** The bytes at a place. */
export const storedBytes = (folder: string, { file, offset, sizeBytes }: FilePlace): Uint8Array =>
  readBytes(join(folder, file), offset, offset + sizeBytes);

/** Tensors that checkpoints have beside their weights: frequencies that follow from the configuration, and a second name for
 *  an embedding that is also the output matrix. */
const isSpare = (name: string, config: DecoderConfig): boolean =>
  name.endsWith('.rotary_emb.inv_freq') || (config.tiedEmbeddings && name === 'lm_head.weight');

function refuseUnused({ tensors, path }: StoredTensors, places: ReadonlyMap<string, unknown>, config: DecoderConfig) {
  const unused = [...tensors.keys()].find((name) => !places.has(name) && !isSpare(name, config));
  if (unused !== undefined)
    throw new CheckpointError(
      `${path} has a tensor ${unused}, for which config.json has no use; they are not of one checkpoint, or it is of a kind that is not supported`,
    );
}

/** Bytes that are looked at in one go: small beside a model, large beside a system call. */
const BLOCK_BYTES = 16 * 2 ** 20;

function refuseNotFinite(folder: string, name: string, { file, offset, sizeBytes, dtype }: FloatPlace): void {
  const path = join(folder, file);
  for (let done = 0; done < sizeBytes; done += BLOCK_BYTES) {
    const bytes = readBytes(path, offset + done, offset + Math.min(sizeBytes, done + BLOCK_BYTES));
    checkFinite(bytes, dtype, name, path);
  }
}

function checkFinite(bytes: Uint8Array, format: FloatFormat, name: string, path: string): void {
  if (indexOfNotFinite(bytes, format) >= 0)
    throw new CheckpointError(
      `${path}: ${name} has a value that is not finite; make the checkpoint again, or download it again`,
    );
}

/** Writes config.json and model.safetensors, a tensor at a time; tokenizer files are the caller's. A file is whole or not
 *  there: it is written aside and renamed. */
export function saveCheckpoint(folder: string, { config, weights }: Checkpoint): void {
  mkdirSync(folder, { recursive: true });
  const { parameters } = parameterLayout(config);
  writeAside(join(folder, WEIGHTS_FILE), (append) => {
    append(
      safetensorsHeader(
        parameters.map((parameter) => ({ name: parameter.name, type: 'F32', shape: fileShape(parameter) })),
      ),
    );
    for (const parameter of parameters) {
      const data = asInFile(parameter, weights);
      append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(architectureFile(config), null, 2)}\n`);
}

/** The bytes of a safetensors file with these parameters, weights or adapters. */
export function encodeWeights({ parameters }: ParameterLayout, weights: Float32Array): Uint8Array {
  return encodeSafetensors(
    new Map(
      parameters.map((parameter) => [
        parameter.name,
        { shape: fileShape(parameter), data: asInFile(parameter, weights) },
      ]),
    ),
  );
}

/** The flat parameters in the bytes of a safetensors file. @throws CheckpointError as {@link loadCheckpoint}. */
export function decodeWeights(layout: ParameterLayout, bytes: Uint8Array, path: string): Float32Array {
  const tensors = decodeSafetensors(bytes, path);
  const weights = new Float32Array(layout.size);
  for (const parameter of layout.parameters) {
    const { data } = wanted(tensors, parameter.name, fileShape(parameter), path);
    checkFinite(new Uint8Array(data.buffer), 'float32', parameter.name, path);
    weights.set(fromFile(parameter, data), parameter.offset);
  }
  return weights;
}

/** A tensor, of the shape that the configuration asks for. */
function wanted<T extends { readonly shape: readonly number[] }>(
  tensors: ReadonlyMap<string, T>,
  name: string,
  expected: readonly number[],
  path: string,
): T {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new CheckpointError(`${path} has no tensor ${name}, which config.json asks for`);
  if (tensor.shape.join() !== expected.join()) {
    throw new CheckpointError(
      `${path}: ${name} is [${tensor.shape.join(', ')}], config.json asks for [${expected.join(', ')}]`,
    );
  }
  return tensor;
}
