import assert from 'node:assert/strict';
import { gradients } from '../../src/graph/autodiff.js';
import type { Shape, Value } from '../../src/graph/node.js';
import { input, mul, sumAll } from '../../src/graph/ops.js';
import { floats, floatsOf, GraphSession, integers, type TensorData } from '../../src/graph/session.js';
import { Random, stream } from '../../src/random.js';

/** A differentiable function of float tensors, with what else it reads. */
export interface GradientCase {
  readonly shapes: readonly (readonly number[])[];
  /** Range the inputs are drawn from; [-1, 1] where none is given. */
  readonly range?: readonly [number, number];
  readonly indices?: { readonly shape: readonly number[]; readonly below: number };
  readonly f: (inputs: readonly Value[], indices: Value) => Value;
}

const size = (shape: Shape): number => shape.reduce<number>((product, dim) => product * Number(dim), 1);

/** The graph of a case, Σ c·f(x) for random c with its gradients, and random inputs for it. */
export function gradientProblem(gradientCase: GradientCase, seed: number) {
  const random = new Random(stream(seed, 'gradient-check'));
  const [low, high] = gradientCase.range ?? [-1, 1];
  const draw = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => low + (high - low) * random.next());

  const inputs = gradientCase.shapes.map((shape, i) => input(`x${i}`, shape));
  const indexShape = gradientCase.indices?.shape ?? [1];
  const indices = input('indices', indexShape, 'int64');
  const output = gradientCase.f(inputs, indices);
  const weights = input('weights', output.shape);
  const loss = sumAll(mul(output, weights));
  const names = inputs.map((_, i) => `g${i}`);
  const wanted = gradients(loss, inputs);
  const graph = { loss, ...Object.fromEntries(names.map((name, i) => [name, wanted[i] as Value])) };

  const feeds: Record<string, TensorData> = {
    weights: floats(
      Float32Array.from({ length: size(output.shape) }, () => random.next() * 2 - 1),
      ...output.shape.map(Number),
    ),
  };
  gradientCase.shapes.forEach((shape, i) => {
    feeds[`x${i}`] = floats(draw(size(shape)), ...shape);
  });
  if (gradientCase.indices !== undefined) {
    const { below } = gradientCase.indices;
    feeds['indices'] = integers(
      BigInt64Array.from({ length: size(indexShape) }, () => BigInt(random.integer(0, below))),
      ...indexShape,
    );
  }
  return { graph, output, names, feeds };
}

/** Checks autodiff's gradient of Σ c·f(x), for random c, against central differences, at every element. */
export async function checkGradient(gradientCase: GradientCase, seed: number): Promise<void> {
  const { graph, names, feeds } = gradientProblem(gradientCase, seed);
  const session = await GraphSession.create(graph, 'cpu', 1);

  const analytic = await session.run(feeds);
  const step = 1e-2; // float32: smaller steps drown in rounding, larger ones in curvature
  for (const [i, name] of names.entries()) {
    const x = feeds[`x${i}`]?.data as Float32Array;
    const gradient = floatsOf(analytic, name);
    assert.equal(gradient.length, x.length, `${name} has its input's size`);
    for (let j = 0; j < x.length; j++) {
      const before = x[j] as number;
      x[j] = before + step;
      const above = floatsOf(await session.run(feeds), 'loss')[0] as number;
      x[j] = before - step;
      const below = floatsOf(await session.run(feeds), 'loss')[0] as number;
      x[j] = before;
      const numeric = (above - below) / (2 * step);
      const tolerance = 5e-3 + 1e-2 * Math.abs(numeric);
      assert.ok(
        Math.abs(numeric - (gradient[j] as number)) < tolerance,
        `${name}[${j}]: ${gradient[j]} but by differences ${numeric}`,
      );
    }
  }
}
