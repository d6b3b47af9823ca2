import { BLOCK_BYTES, BLOCK_SIZE, matmulBlocks } from '../../src/graph/blocks.js';
import type { Op, Value } from '../../src/graph/node.js';
import * as ops from '../../src/graph/ops.js';
import type { GradientCase } from './gradient-check.js';

type Make = (dim: () => number) => GradientCase;
const at = (inputs: readonly Value[], i: number): Value => inputs[i] as Value;

/** A case for every operator with a gradient rule, on shapes drawn at random. */
export const OPERATOR_CASES = {
  Add: (d) => {
    const [b, t] = [d(), d()];
    return { shapes: [[b, t], [t]], f: (x) => ops.add(at(x, 0), at(x, 1)) }; // spread over rows
  },
  Sub: (d) => {
    const [b, t] = [d(), d()];
    return {
      shapes: [
        [1, t],
        [b, t],
      ],
      f: (x) => ops.sub(at(x, 0), at(x, 1)),
    };
  },
  Mul: (d) => {
    const [b, t] = [d(), d()];
    return {
      shapes: [
        [b, t, 2],
        [b, 1, 2],
      ],
      f: (x) => ops.mul(at(x, 0), at(x, 1)),
    };
  },
  Div: (d) => {
    const [b, t] = [d(), d()];
    return {
      shapes: [
        [b, t],
        [b, 1],
      ],
      range: [0.5, 2],
      f: (x) => ops.div(at(x, 0), at(x, 1)),
    };
  },
  Neg: (d) => ({ shapes: [[d(), d()]], f: (x) => ops.neg(at(x, 0)) }),
  Exp: (d) => ({ shapes: [[d(), d()]], f: (x) => ops.exp(at(x, 0)) }),
  Log: (d) => ({ shapes: [[d(), d()]], range: [0.5, 2], f: (x) => ops.log(at(x, 0)) }),
  Sqrt: (d) => ({ shapes: [[d(), d()]], range: [0.5, 2], f: (x) => ops.sqrt(at(x, 0)) }),
  Abs: (d) => ({ shapes: [[d(), d()]], range: [-2, -0.1], f: (x) => ops.abs(at(x, 0)) }),
  // Away from the kink, where there is no derivative to agree on.
  Min: (d) => ({ shapes: [[d(), d()]], range: [0.1, 0.45], f: (x) => ops.min(at(x, 0), ops.constant(0.5)) }),
  Max: (d) => ({ shapes: [[d(), d()]], range: [0.55, 1], f: (x) => ops.max(at(x, 0), ops.constant(0.5)) }),
  Sigmoid: (d) => ({ shapes: [[d(), d()]], f: (x) => ops.sigmoid(at(x, 0)) }),
  Silu: (d) => ({ shapes: [[d(), d()]], range: [-3, 3], f: (x) => ops.silu(at(x, 0)) }),
  Softmax: (d) => ({ shapes: [[d(), d() + 1]], f: (x) => ops.softmax(at(x, 0)) }),
  MatMul: (d) => {
    const [b, t, k, n] = [d(), d(), d(), d()];
    // a matrix shared by the batch, then one for each
    return {
      shapes: [
        [b, t, k],
        [k, n],
        [b, n, k],
      ],
      f: (x) => ops.matmul(ops.matmul(at(x, 0), at(x, 1)), at(x, 2)),
    };
  },
  MatMulTransposed: (d) => {
    const [b, t, k, n] = [d(), d(), d(), d()];
    return {
      shapes: [
        [b, t, k],
        [n, k],
      ],
      f: (x) => ops.matmulTransposed(at(x, 0), at(x, 1)),
    };
  },
  MatMulNBits: (d) => {
    const [b, t, n, blocks] = [d(), d(), d(), d()];
    const bytes = Array.from({ length: n * blocks * BLOCK_BYTES }, (_, i) => (37 * i + 11 * b + t) % 256);
    const scales = Array.from({ length: n * blocks }, (_, i) => 0.02 * (1 + (i % 3)) * (i % 2 === 0 ? 1 : -1));
    const packed = ops.constant(bytes, [n, blocks, BLOCK_BYTES], 'uint8');
    return {
      shapes: [[b, t, blocks * BLOCK_SIZE]],
      f: (x) => matmulBlocks(at(x, 0), packed, ops.constant(scales, [n, blocks])),
    };
  },
  Transpose: (d) => ({ shapes: [[d(), d(), d()]], f: (x) => ops.transpose(at(x, 0), [2, 0, 1]) }),
  Reshape: (d) => {
    const [b, t] = [d(), d()];
    return {
      shapes: [[b, t, 4]],
      f: (x) => ops.mul(ops.reshape(at(x, 0), [b, t * 4]), ops.reshape(at(x, 0), [b, t * 4])),
    };
  },
  Concat: (d) => {
    const b = d();
    return {
      shapes: [
        [b, d()],
        [b, d()],
      ],
      f: (x) => ops.concat([at(x, 0), at(x, 1), at(x, 0)], 1),
    };
  },
  Slice: (d) => {
    const t = d() + 2;
    return { shapes: [[d(), t]], f: (x) => ops.slice(at(x, 0), 1, 1, t - 1) };
  },
  Gather: (d) => {
    const rows = d();
    return { shapes: [[rows, d()]], indices: { shape: [d(), d()], below: rows }, f: (x, i) => ops.gather(at(x, 0), i) };
  },
  TokenLogprob: (d) => {
    const [b, v] = [d(), d() + 1];
    return { shapes: [[b, v]], indices: { shape: [b], below: v }, f: (x, i) => ops.tokenLogprob(at(x, 0), i) };
  },
  ReduceSum: (d) => ({ shapes: [[d(), d(), d()]], f: (x) => ops.exp(ops.reduceSum(at(x, 0), [1])) }),
  RmsNorm: (d) => {
    const n = d() + 1;
    return { shapes: [[d(), d(), n], [n]], range: [0.3, 1.5], f: (x) => ops.rmsNorm(at(x, 0), at(x, 1), 1e-6) };
  },
  RotaryEmbedding: (d) => {
    const [b, t, half] = [d(), d(), 4];
    const angle = Array.from({ length: 8 * half }, (_, i) => Math.floor(i / half) / (1 + (i % half)));
    const cos = ops.constant(angle.map(Math.cos), [8, half]);
    const sin = ops.constant(angle.map(Math.sin), [8, half]);
    return {
      shapes: [[b, t, 4 * half]],
      indices: { shape: [b, t], below: 8 },
      f: (x, i) => ops.rotaryEmbedding(at(x, 0), i, cos, sin),
    };
  },
  Where: (d) => {
    const shape = [d(), d()];
    return {
      shapes: [shape, shape],
      indices: { shape, below: 2 },
      f: (x, i) => ops.where(ops.cast(i, 'bool'), at(x, 0), at(x, 1)),
    };
  },
  Identity: (d) => ({ shapes: [[d()]], f: (x) => ops.identity(at(x, 0)) }),
  // A product whose rule is given by hand.
  CustomGradient: (d) => {
    const shape = [d(), d()];
    return {
      shapes: [shape, shape],
      f: (x) => ops.customGradient(ops.mul(at(x, 0), at(x, 1)), x, (g) => [ops.mul(g, at(x, 1)), ops.mul(g, at(x, 0))]),
    };
  },
  Expand: (d) => {
    const [b, t] = [d(), d()];
    return { shapes: [[b, 1]], f: (x) => ops.expand(at(x, 0), [b, t], ops.constant([b, t], [2], 'int64')) };
  },
} satisfies Partial<Record<Op, Make>>;
