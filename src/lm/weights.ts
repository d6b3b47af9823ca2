import { InternalError } from '../errors.js';
import { matmulBlocks } from '../graph/blocks.js';
import { isHalf } from '../graph/halves.js';
import type { Value } from '../graph/node.js';
import {
  add,
  cast,
  constant,
  fileTensor,
  gather,
  input,
  matmul,
  matmulTransposed,
  mul,
  transposed,
} from '../graph/ops.js';
import type { DecoderConfig } from './architecture.js';
import type { DeviceFormats } from './device-formats.js';
import { fileShape } from './file-layout.js';
import { type LoraSettings, loraLayout, loraName, loraScale } from './lora.js';
import { type ParameterLayout, parameterLayout } from './parameters.js';
import { isInBlocks, scaleName, type WeightPlace, type WeightPlaces } from './weight-places.js';

/**
 * A decoder's weights as values of a graph. They are inputs where they learn, with projections [in, out]; or constants in
 * their checkpoint's files, [out, in] and of the file's precision, and then adapters may learn in their place. On a device
 * that tensors stay on, weights that do not learn are inputs too, and those of 16 bits are [out, in].
 * A stored weight is cast to float32 anew at each use: what is cast once would stay in memory from the first use to the last.
 * Projections may be in blocks of 4 bits, which are cast inside their products.
 */
export interface Weights {
  /** Weights by Hugging Face's names, adapters by PEFT's. */
  readonly values: ReadonlyMap<string, Value>;
  /** What adapters add is multiplied by this; 0 where there are none. */
  readonly adapterScale: number;
}

/** Weights that are inputs of the graph. */
export const weightInputs = (layout: ParameterLayout): Weights => ({ values: inputsOf(layout), adapterScale: 0 });

/** Weights that stay in their files. */
export const storedWeights = (config: DecoderConfig, places: WeightPlaces): Weights => ({
  values: new Map(parameterLayout(config).parameters.flatMap(({ name }) => storedValues(name, placeOf(places, name)))),
  adapterScale: 0,
});

/** Weights that stay in their files, with adapters that are inputs of the graph. */
export const adaptedWeights = (config: DecoderConfig, places: WeightPlaces, lora: LoraSettings): Weights => ({
  values: new Map([...storedWeights(config, places).values, ...inputsOf(loraLayout(config, lora))]),
  adapterScale: loraScale(lora),
});

/** Weights that do not learn, of these formats, as inputs of the graph: those of 16 bits lie as in their file. */
export const heldInputs = (config: DecoderConfig, formats: DeviceFormats): Weights => ({
  values: new Map(
    parameterLayout(config).parameters.map((parameter) => {
      const format = formats.get(parameter.name) ?? 'float32';
      const shape = isHalf(format) ? fileShape(parameter) : parameter.shape;
      return [parameter.name, input(parameter.name, shape, format)];
    }),
  ),
  adapterScale: 0,
});

/** The same with adapters that learn. */
export const adaptedInputs = (config: DecoderConfig, formats: DeviceFormats, lora: LoraSettings): Weights => ({
  values: new Map([...heldInputs(config, formats).values, ...inputsOf(loraLayout(config, lora))]),
  adapterScale: loraScale(lora),
});

/** Whether a weight lies as its file has it, [out, in] where it is a projection, and does not learn: a constant in the file, or
 *  16 bits on a device. */
export const isStored = ({ node, dtype }: Value): boolean => node.op === 'FileTensor' || isHalf(dtype);

/** A norm's or a bias's weight. */
export const vector = (weights: Weights, name: string): Value => cast(weightOf(weights, name), 'float32');

/** Rows of the embedding: tokens [B, T] → [B, T, D]. */
export const embedded = (weights: Weights, tokens: Value): Value =>
  cast(gather(weightOf(weights, 'model.embed_tokens.weight'), tokens), 'float32');

/** x · W of a projection, with what its adapter adds: […, in] → […, out]. */
export function projected(weights: Weights, name: string, x: Value): Value {
  const product = baseProduct(weights, name, x);
  const [a, b] = [weights.values.get(loraName(name, 'A')), weights.values.get(loraName(name, 'B'))];
  if (a === undefined || b === undefined) return product;
  return add(product, mul(matmul(matmul(x, a), b), constant(weights.adapterScale)));
}

function baseProduct(weights: Weights, name: string, x: Value): Value {
  const weight = weightOf(weights, name);
  if (weight.dtype === 'uint8') return matmulBlocks(x, weight, weightOf(weights, scaleName(name)));
  return isStored(weight) ? matmulTransposed(x, cast(weight, 'float32')) : matmul(x, weight);
}

/** The output matrix [V, D]: the embedding where the two are tied. */
export const outputTable = (config: DecoderConfig, weights: Weights): Value =>
  weightOf(weights, config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');

/** Logits of hidden states: […, D] and the output matrix → […, V]. */
export const logits = (hidden: Value, table: Value): Value =>
  isStored(table) ? matmulTransposed(hidden, cast(table, 'float32')) : matmul(hidden, transposed(table));

function weightOf({ values }: Weights, name: string): Value {
  const found = values.get(name);
  if (found === undefined) throw new InternalError(`no weight named ${name}`);
  return found;
}

/** The values that a weight is, by name: its own, and for blocks their scales beside it. */
const storedValues = (name: string, place: WeightPlace): [string, Value][] =>
  isInBlocks(place)
    ? [
        [name, fileTensor(place.packed)],
        [scaleName(name), fileTensor(place.scales)],
      ]
    : [[name, fileTensor(place)]];

export function placeOf(places: WeightPlaces, name: string): WeightPlace {
  const found = places.get(name);
  if (found === undefined) throw new InternalError(`no place of ${name}`);
  return found;
}

const inputsOf = ({ parameters }: ParameterLayout): Map<string, Value> =>
  new Map(parameters.map(({ name, shape }) => [name, input(name, shape)]));
