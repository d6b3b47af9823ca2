import { InternalError } from '../errors.js';
import type { Value } from '../graph/node.js';
import {
  add,
  cast,
  concat,
  constant,
  constantTensor,
  cumulativeSum,
  fileTensor,
  identity,
  input,
  lessOrEqual,
  matmul,
  mul,
  reshape,
  softmax,
  sub,
  transpose,
  transposed,
  where,
} from '../graph/ops.js';
import { serialize } from '../graph/serialize.js';
import type { DecoderConfig } from '../lm/architecture.js';
import { type Attention, decoder } from '../lm/decoder.js';
import { fromFile } from '../lm/file-layout.js';
import { type Parameter, parameterLayout } from '../lm/parameters.js';
import { rotaryTables } from '../lm/rotary.js';
import { logits, outputTable } from '../lm/weights.js';
import { type ExportFile, encodeTensor, smallFile } from './export-file.js';
import type { WeightSource } from './weight-source.js';

/**
 * A decoder with its weights as ONNX, in the layout that transformers.js and Optimum load for a causal language model.
 * Letters as in `decoder.ts`, and P past positions, N = P + T:
 *
 *   in   input_ids, position_ids [B, T]; attention_mask [B, N], 0 at padding; past_key_values.I.key and .value [B, K, P, S]
 *   out  logits [B, T, V]; present.I.key and .value [B, K, N, S]
 *
 * A small model is one file. The weights of a larger one lie beside it, in `model.onnx_data`, `model.onnx_data_1` and so on:
 * one protobuf message ends at 2 GB, and so does what a browser can hold in one piece.
 */
export interface OnnxLimits {
  /** Bytes of weights up to which they are part of the graph's own file, which is made in memory. */
  readonly inlineBytes: number;
  /** Largest file of weights; a tensor that is larger has one to itself. */
  readonly dataBytes: number;
}

export const ONNX_LIMITS: OnnxLimits = { inlineBytes: 256 * 2 ** 20, dataBytes: 2e9 };

/** A page of memory: weights that begin on one can be mapped (ONNX, docs/ExternalData.md). */
const ALIGNMENT = 4096;

/** The decoder's files below `onnx/`: the graph first, then its weights where they lie beside it. */
export function onnxFiles(source: WeightSource, limits: OnnxLimits): ExportFile[] {
  const layout = parameterLayout(source.config);
  if (4 * layout.size <= limits.inlineBytes) {
    const parameters = layout.parameters.map(
      (parameter) => [parameter.name, constantTensor(inGraph(source, parameter), parameter.shape)] as const,
    );
    return [smallFile('onnx/model.onnx', serialize(onnxDecoder(source.config, new Map(parameters))))];
  }
  const files = dataFiles(layout.parameters, limits.dataBytes);
  const places = files.flatMap(({ name, entries }) =>
    // Through an Identity, which ONNX Runtime takes away: a tensor that comes from a file directly would be taken as [out, in].
    entries.map(({ parameter, offset }) => {
      const { shape, size } = parameter;
      return [
        parameter.name,
        identity(fileTensor({ file: name, offset, sizeBytes: 4 * size, dims: shape, dtype: 'float32' })),
      ] as const;
    }),
  );
  return [
    smallFile('onnx/model.onnx', serialize(onnxDecoder(source.config, new Map(places)))),
    ...files.map(({ name, entries, sizeBytes }) => ({
      path: `onnx/${name}`,
      sizeBytes,
      *chunks() {
        let written = 0;
        for (const { parameter, offset } of entries) {
          if (offset > written) yield new Uint8Array(offset - written);
          yield* encodeTensor(parameter.name, inGraph(source, parameter), 'f32');
          written = offset + 4 * parameter.size;
        }
      },
    })),
  ];
}

/** The graph's outputs by name. Projections among `parameters` are [in, out]. */
function onnxDecoder(config: DecoderConfig, values: ReadonlyMap<string, Value>): Record<string, Value> {
  const parameters = { values, adapterScale: 0 };
  const positions = input('position_ids', ['B', 'T'], 'int64');
  const { cos, sin } = rotaryTables(config, config.maxPositions);
  const rotary = { positions, cos: table(cos.data, cos.dims), sin: table(sin.data, sin.dims) };
  const present: Record<string, Value> = {};
  const attention = cachedAttention(config, visibility(positions), present);
  const hidden = decoder(config, parameters, input('input_ids', ['B', 'T'], 'int64'), rotary, attention); // [B, T, D]
  return { logits: logits(hidden, outputTable(config, parameters)), ...present };
}

/** A parameter as the graph has it: the other way round than in a checkpoint's file where it is a projection. */
function inGraph(source: WeightSource, parameter: Parameter): Float32Array {
  return fromFile(parameter, source.tensor(parameter.name));
}

interface DataFile {
  readonly name: string;
  readonly entries: readonly { readonly parameter: Parameter; readonly offset: number }[];
  readonly sizeBytes: number;
}

/** Where each parameter lies, in files of `dataBytes` at most. */
function dataFiles(parameters: readonly Parameter[], dataBytes: number): DataFile[] {
  const files: { name: string; entries: DataFile['entries'][number][]; sizeBytes: number }[] = [];
  for (const parameter of parameters) {
    let file = files.at(-1);
    let offset = Math.ceil((file?.sizeBytes ?? 0) / ALIGNMENT) * ALIGNMENT;
    if (file === undefined || offset + 4 * parameter.size > dataBytes) {
      // The names that transformers.js looks for.
      file = { name: `model.onnx_data${files.length === 0 ? '' : `_${files.length}`}`, entries: [], sizeBytes: 0 };
      files.push(file);
      offset = 0;
    }
    file.entries.push({ parameter, offset });
    file.sizeBytes = offset + 4 * parameter.size;
  }
  return files;
}

function table(data: unknown, dims: readonly number[]): Value {
  if (!(data instanceof Float32Array)) throw new InternalError('a rotary table is not of float32');
  return constantTensor(data, dims);
}

/** What is added to scores [B, 1, T, N]: 0 where a token may look, −1e9 at padding and at what comes after it.
 *  A key's position is the number of real tokens up to it, so that padding may stand on either side. */
function visibility(positions: Value): Value {
  const real = input('attention_mask', ['B', 'N'], 'int64');
  const keyPositions = sub(cumulativeSum(real), constant(1, undefined, 'int64')); // [B, N]
  const reached = lessOrEqual(reshape(keyPositions, ['B', 1, 1, 'N']), reshape(positions, ['B', 1, 'T', 1]));
  const [seen, hidden] = [constant(0), constant(-1e9)];
  const padding = mul(sub(constant(1), cast(reshape(real, ['B', 1, 1, 'N']), 'float32')), hidden);
  return add(where(reached, seen, hidden), padding);
}

/** Attention to the past and the sequence itself; `present` gets each layer's keys and values of both. */
function cachedAttention(config: DecoderConfig, mask: Value, present: Record<string, Value>): Attention {
  const { keyValueHeadCount: K, headSize: S, headCount: H } = config;
  const G = H / K;
  // The G query heads of a key-value head stand one below the other, and so do their masks.
  const masks = G === 1 ? mask : concat(Array(G).fill(mask), 2, 'GT'); // [B, 1, G·T, N]
  const joined = (layer: number, kind: 'key' | 'value', own: Value): Value => {
    const past = input(`past_key_values.${layer}.${kind}`, ['B', K, 'P', S]);
    const heads = transpose(reshape(own, ['B', 'T', K, S]), [0, 2, 1, 3]); // [B, K, T, S]
    const all = concat([past, heads], 2, 'N'); // [B, K, N, S]
    present[`present.${layer}.${kind}`] = identity(all);
    return all;
  };
  return (layer, queries, keys, values) => {
    const [k, v] = [joined(layer, 'key', keys), joined(layer, 'value', values)];
    const q = reshape(transpose(reshape(queries, ['B', 'T', K, G, S]), [0, 2, 3, 1, 4]), ['B', K, 'GT', S]);
    const shares = softmax(add(matmul(q, transposed(k)), masks)); // [B, K, G·T, N]
    const mixed = reshape(matmul(shares, v), ['B', K, G, 'T', S]);
    return reshape(transpose(mixed, [0, 3, 1, 2, 4]), ['B', 'T', H * S]);
  };
}
