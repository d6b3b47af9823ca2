import { CheckpointError, InternalError } from '../errors.js';
import type { Value } from '../graph/node.js';
import {
  add,
  cast,
  concat,
  constant,
  constantTensor,
  cumulativeSum,
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
import { parameterLayout } from '../lm/parameters.js';
import { rotaryTables } from '../lm/rotary.js';
import { logits, outputTable } from '../lm/weights.js';
import { writeAside } from '../write-aside.js';

/**
 * A decoder with its weights as one ONNX file, in the layout that transformers.js and Optimum load for a causal language
 * model. Letters as in `decoder.ts`, and P past positions, N = P + T:
 *
 *   in   input_ids, position_ids [B, T]; attention_mask [B, N], 0 at padding; past_key_values.I.key and .value [B, K, P, S]
 *   out  logits [B, T, V]; present.I.key and .value [B, K, N, S]
 *
 * Left out: external data, so that weights and tables must fit in one protobuf message; it ends at 2 GB.
 */

/** Bytes of weights up to which a decoder is written. */
export const ONNX_SIZE_LIMIT = 1.5e9;

/** Writes the file. @throws CheckpointError where the decoder is too large for one, or the file can't be written. */
export function writeOnnxDecoder(file: string, config: DecoderConfig, weights: Float32Array): void {
  const { size } = parameterLayout(config);
  if (weights.length !== size)
    throw new InternalError(`expected ${size} weights for this shape, got ${weights.length}`);
  if (weights.byteLength > ONNX_SIZE_LIMIT) {
    const gigabytes = (weights.byteLength / 1e9).toFixed(1);
    throw new CheckpointError(
      `${file}: the weights are ${gigabytes} GB, and one ONNX file takes ${ONNX_SIZE_LIMIT / 1e9} GB; GGUF takes more`,
    );
  }
  const bytes = serialize(onnxDecoder(config, weights));
  writeAside(file, (append) => append(bytes));
}

/** The graph's outputs by name. */
export function onnxDecoder(config: DecoderConfig, weights: Float32Array): Record<string, Value> {
  const values = new Map(
    parameterLayout(config).parameters.map(({ name, shape, offset, size }) => [
      name,
      constantTensor(weights.subarray(offset, offset + size), shape),
    ]),
  );
  const parameters = { values, adapterScale: 0 };
  const positions = input('position_ids', ['B', 'T'], 'int64');
  const { cos, sin } = rotaryTables(config, config.maxPositions);
  const rotary = { positions, cos: table(cos.data, cos.dims), sin: table(sin.data, sin.dims) };
  const present: Record<string, Value> = {};
  const attention = cachedAttention(config, visibility(positions), present);
  const hidden = decoder(config, parameters, input('input_ids', ['B', 'T'], 'int64'), rotary, attention); // [B, T, D]
  return { logits: logits(hidden, outputTable(config, parameters)), ...present };
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
