import { input, matmul, matmulTransposed, reduceSum } from '../graph/ops.js';
import { type ExecutionProvider, floats, GraphSession } from '../graph/session.js';

/** What a thread can do at best: the limits that the model's speed is held against. */
export interface Limits {
  /** Of a [2048, 1024] × [1024, 1024] product, in 10⁹ operations a second. */
  readonly gflops: number;
  /** Of reading a 256 MB matrix once, for a product with a single row, in 10⁹ bytes a second. */
  readonly gigabytesPerSecond: number;
}

/** The best of several runs of each. */
export async function measureLimits(provider: ExecutionProvider, threads: number): Promise<Limits> {
  const product = await GraphSession.create(
    { y: reduceSum(matmul(input('a', [2048, 1024]), input('b', [1024, 1024])), [0, 1]) },
    provider,
    threads,
  );
  const reading = await GraphSession.create(
    { y: reduceSum(matmulTransposed(input('x', [1, 4096]), input('w', [16_384, 4096])), [0, 1]) },
    provider,
    threads,
  );
  const filled = (...dims: number[]) => floats(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.5), ...dims);
  const best = async (session: GraphSession, inputs: Parameters<GraphSession['run']>[0], runs: number) => {
    let least = Number.POSITIVE_INFINITY;
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      await session.run(inputs);
      least = Math.min(least, (performance.now() - start) / 1000);
    }
    return least;
  };
  const seconds = await best(product, { a: filled(2048, 1024), b: filled(1024, 1024) }, 20);
  const read = await best(reading, { x: filled(1, 4096), w: filled(16_384, 4096) }, 10);
  return { gflops: (2 * 2048 * 1024 * 1024) / seconds / 1e9, gigabytesPerSecond: (4 * 16_384 * 4096) / read / 1e9 };
}
