import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfig } from '../src/config.js';
import type { DecoderConfig } from '../src/lm/architecture.js';
import { BATCHING_LIMITS, samplingSettings } from '../src/lm/batching.js';
import { decodeOperations, trainOperations } from '../src/lm/operations.js';
import { initialWeights, parameterLayout } from '../src/lm/parameters.js';
import { SHAPES } from '../src/lm/shapes.js';
import { OnnxPolicy } from '../src/policies/onnx.js';
import { OnnxReader } from '../src/policies/reader.js';
import { freshState, shareWeights } from '../src/policies/state.js';
import { PRESETS } from '../src/presets.js';
import { stream } from '../src/random.js';
import type { TrainExample } from '../src/rl/rollout.js';
import { LmPool } from '../src/workers/pool.js';
import { type Chart, chartSvg } from './charts.js';

/**
 * How the speed of decoding and training changes with the batch, the context, the workers and the model's size, around the
 * prototype's shape. Draws the charts of docs/performance.md and writes their numbers beside them.
 *
 *   npm run bench:sweep -- --out docs/results/sweep
 */
const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'docs/results/sweep' },
    seconds: { type: 'string', default: '2' },
    /** Draw the numbers that are there again. */
    redraw: { type: 'boolean', default: false },
  },
});
const seconds = Number(flags.seconds);
const BASE = SHAPES.prototype;
const SAMPLES = 8;

/** The prototype's shape from 0.2 to 50 million parameters: wider and deeper together. */
const SIZES: readonly DecoderConfig[] = [
  { hiddenSize: 64, layerCount: 4, feedForwardSize: 192 },
  { hiddenSize: 128, layerCount: 4, feedForwardSize: 384 },
  { hiddenSize: 192, layerCount: 6, feedForwardSize: 576 },
  { hiddenSize: 256, layerCount: 8, feedForwardSize: 768 },
  { hiddenSize: 384, layerCount: 10, feedForwardSize: 1152 },
  { hiddenSize: 512, layerCount: 14, feedForwardSize: 1792 },
].map((size) => ({ ...BASE, ...size, headCount: size.hiddenSize / 32, keyValueHeadCount: size.hiddenSize / 64 }));

interface Point {
  readonly sweep: 'batch' | 'context' | 'size';
  readonly batch: number;
  readonly context: number;
  readonly workers: number;
  readonly parameters: number;
  readonly decodeTokensPerSecond: number | null;
  readonly trainTokensPerSecond: number | null;
  readonly decodeGflops: number | null;
  readonly trainGflops: number | null;
}

const file = join(flags.out, 'sweep.json');
const points: Point[] = flags.redraw ? (JSON.parse(readFileSync(file, 'utf8')) as { points: Point[] }).points : [];
if (!flags.redraw) await sweep();
for (const [name, chart] of Object.entries(charts())) writeFileSync(join(flags.out, `${name}.svg`), chartSvg(chart));

async function sweep(): Promise<void> {
  for (const workers of [1, 2]) {
    for (let batch = 1; batch <= 1024; batch *= 2)
      points.push(await measure({ sweep: 'batch', config: BASE, batch, context: 88, workers }));
  }
  for (const context of [32, 64, 128, 256, 512])
    points.push(await measure({ sweep: 'context', config: BASE, batch: 256, context, workers: 2 }));
  for (const config of SIZES)
    points.push(await measure({ sweep: 'size', config, batch: 256, context: 88, workers: 2 }));

  mkdirSync(flags.out, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine: machine(), points }, null, 1)}\n`);
}

/** Decoding of `batch` sequences, three quarters of whose context is the prompt, and a training step of 4,096 tokens of the
 *  context's length. The best of the runs that fit the time: others use this machine too. */
async function measure(place: {
  readonly sweep: Point['sweep'];
  readonly config: DecoderConfig;
  readonly batch: number;
  readonly context: number;
  readonly workers: number;
}): Promise<Point> {
  const { config, batch, context, workers } = place;
  const pool = new LmPool(config, 'cpu', workers, 1, () => {});
  const weights = initialWeights(config, stream(0, 'sweep'));
  const limits = { ...BATCHING_LIMITS, seatCount: Math.ceil(batch / workers) };
  const reader = new OnnxReader(pool, shareWeights(weights), limits);
  const policy = new OnnxPolicy(pool, null, freshState(weights));
  const newTokens = Math.max(16, Math.ceil(context / 4));
  const samples = batch >= SAMPLES * workers ? SAMPLES : 1;
  const prompts = Array.from({ length: batch / samples }, (_, i) => tokens(i, context - newTokens, config));
  const sampling = samplingSettings({ maxTokens: newTokens, stops: [] });
  try {
    const decode = await best(batch * newTokens, (run) => reader.generate(prompts, samples, sampling, run));
    const sequences = Array.from({ length: Math.ceil(4096 / context) }, (_, i) => tokens(i, context + 1, config));
    const examples = sequences.map(([first = 0, ...rest], i): TrainExample => {
      const logprobs = rest.map(() => -Math.log(config.vocabularySize));
      return {
        rollout: { prompt: [first], completion: rest, logprobs, finished: true },
        advantage: i % 2 === 0 ? 1 : -1,
      };
    });
    const settings = { ...parseConfig(PRESETS.tiny).rl.solver, kl: 0, lr: 1e-9 };
    const trainedHere = place.sweep !== 'batch' || batch === 256;
    const train = trainedHere
      ? await best(sequences.length * context, () => policy.update(examples, settings, policy))
      : null;
    const { size: parameters } = parameterLayout(config);
    const gflops = (rate: number | null, operations: number): number | null =>
      rate === null ? null : (rate * operations) / 1e9;
    process.stderr.write(
      `${place.sweep}: batch ${batch}, context ${context}, ${workers} workers, ${(parameters / 1e6).toFixed(2)} M: ${decode.toFixed(0)} decoding, ${train?.toFixed(0) ?? '-'} training\n`,
    );
    return {
      sweep: place.sweep,
      batch,
      context,
      workers,
      parameters,
      decodeTokensPerSecond: decode,
      trainTokensPerSecond: train,
      decodeGflops: gflops(decode, decodeOperations(config, context - newTokens / 2)),
      trainGflops: gflops(train, trainOperations(config, context, false)),
    };
  } finally {
    await pool.close();
  }
}

function tokens(seed: number, count: number, { vocabularySize }: DecoderConfig): number[] {
  return Array.from({ length: count }, (_, i) => (seed * 7 + i * 13) % vocabularySize);
}

async function best(count: number, work: (run: number) => Promise<unknown>): Promise<number> {
  await work(0); // makes the sessions
  let most = 0;
  for (let run = 1, start = performance.now(); run === 1 || performance.now() - start < 1000 * seconds; run++) {
    const before = performance.now();
    await work(run);
    most = Math.max(most, (1000 * count) / (performance.now() - before));
  }
  return most;
}

function charts(): Record<string, Chart> {
  const of = (sweep: Point['sweep'], keep: (point: Point) => boolean = () => true): Point[] =>
    points.filter((point) => point.sweep === sweep && keep(point));
  const line = (name: string, rows: readonly Point[], x: keyof Point, y: keyof Point) => ({
    name,
    points: rows.flatMap((row) => (row[y] === null ? [] : [[Number(row[x]), Number(row[y])] as const])),
  });
  return {
    batch: {
      title: 'Decoding, by sequences in flight',
      xName: 'sequences',
      yName: 'tokens/s',
      lines: [1, 2].map((workers) =>
        line(
          `${workers} worker${workers === 1 ? '' : 's'}`,
          of('batch', (point) => point.workers === workers),
          'batch',
          'decodeTokensPerSecond',
        ),
      ),
    },
    context: {
      title: 'By context, 2 workers',
      xName: 'tokens of context',
      yName: 'tokens/s',
      lines: [
        line('decoding 256 sequences', of('context'), 'context', 'decodeTokensPerSecond'),
        line('training', of('context'), 'context', 'trainTokensPerSecond'),
      ],
    },
    size: {
      title: 'By parameters, 2 workers',
      xName: 'parameters',
      yName: 'GFLOP/s',
      lines: [
        line('decoding 256 sequences', of('size'), 'parameters', 'decodeGflops'),
        line('training', of('size'), 'parameters', 'trainGflops'),
      ],
    },
  };
}

function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;
}
