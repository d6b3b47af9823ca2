import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';
import type { Value } from '../src/graph/node.js';
import { serialize } from '../src/graph/serialize.js';
import { floats, integers, type TensorData } from '../src/graph/session.js';
import type { DecoderConfig } from '../src/lm/architecture.js';
import { decodeGraph } from '../src/lm/decode.js';
import { initialWeights, parameterFeeds, parameterLayout } from '../src/lm/parameters.js';
import { rotaryTables } from '../src/lm/rotary.js';
import {
  laneKeysName,
  laneMaskName,
  lanePlacesName,
  laneValuesName,
  promptKeysName,
  promptValuesName,
  ROWS,
} from '../src/lm/seat-attention.js';
import { SHAPES } from '../src/lm/shapes.js';
import { allTrained, sequenceFeeds, supervisedGraph } from '../src/lm/train-step.js';
import { weightInputs } from '../src/lm/weights.js';
import { stream } from '../src/random.js';
import { shapeFlag } from './shape-flag.js';

/**
 * Where the time of a decoding call and of a training micro-batch goes, operator by operator, on one thread: ONNX Runtime's
 * own profile, added up. Products with weights, products of attention, and everything else by the operator's name.
 *
 *   npm run bench:profile -- --shape prototype
 */
const { values: flags } = parseArgs({ options: { shape: { type: 'string', default: 'prototype' } } });
const config = SHAPES[shapeFlag(flags.shape)];
const RUNS = 20;
/** Seats and own slots of a decoding call; its prompts have P slots and R seats share one. */
const [SEATS, SLOTS, P, R] = [256, 32, 24, 8];
const [SEQUENCES, LENGTH] = [32, 64];

const weights = parameterFeeds(parameterLayout(config), initialWeights(config, stream(0, 'profile')));
await report(`decoding, ${SEATS} seats of ${SLOTS} own tokens`, decode(config), decodeFeeds(config));
await report(
  `training, ${SEQUENCES} × ${LENGTH} tokens`,
  supervisedGraph(config, allTrained(config), { recompute: false }),
  trainFeeds(config),
);

function decode(shape: DecoderConfig): Record<string, Value> {
  return decodeGraph(shape, weightInputs(parameterLayout(shape)), { laneCount: 1, sampling: 'plain', tokens: 'one' });
}

function decodeFeeds({ keyValueHeadCount: K, headSize: S, layerCount }: DecoderConfig): Record<string, TensorData> {
  const zeros = (...dims: number[]): TensorData => floats(new Float32Array(dims.reduce((a, b) => a * b, 1)), ...dims);
  const [heads, rows] = [SEATS * K, SEATS / R];
  // Seat b of head k sits in row b / R at place b % R.
  const place = (b: number, k: number): number => (Math.floor(b / R) * K + k) * R + (b % R);
  const [places, taken] = [new BigInt64Array(heads), new BigInt64Array(heads)];
  for (let b = 0; b < SEATS; b++)
    for (let k = 0; k < K; k++) {
      places[b * K + k] = BigInt(place(b, k));
      taken[place(b, k)] = BigInt(b * K + k);
    }
  const feeds: Record<string, TensorData> = {
    token: integers(new BigInt64Array(SEATS), SEATS, 1),
    position: integers(new BigInt64Array(SEATS).fill(BigInt(P + SLOTS)), SEATS, 1),
    uniforms: zeros(SEATS, 1),
    ...rotaryTables(config, P + SLOTS + 1),
    [ROWS]: integers(taken, rows, K, R),
    [lanePlacesName(0)]: integers(places, heads),
    [laneMaskName(0)]: zeros(heads, 1, P + SLOTS + 1),
  };
  for (let layer = 0; layer < layerCount; layer++) {
    for (const name of [laneKeysName(0, layer), laneValuesName(0, layer)]) feeds[name] = zeros(heads, SLOTS, S);
    for (const name of [promptKeysName(layer), promptValuesName(layer)]) feeds[name] = zeros(rows * K, P, S);
  }
  return feeds;
}

function trainFeeds(shape: DecoderConfig): Record<string, TensorData> {
  const sequences = Array.from({ length: SEQUENCES }, (_, i) =>
    Array.from({ length: LENGTH + 1 }, (_, t) => (7 * i + 13 * t) % shape.vocabularySize),
  );
  const { feeds, width } = sequenceFeeds(shape, sequences, 1);
  return { ...feeds, weights: floats(new Float32Array(SEQUENCES * width).fill(1e-3), SEQUENCES, width) };
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Record<string, readonly number[]>[];
  };
}

async function report(title: string, graph: Record<string, Value>, feeds: Record<string, TensorData>): Promise<void> {
  const prefix = `rzero-profile-${process.pid}`;
  const session = await ort.InferenceSession.create(serialize(graph), {
    intraOpNumThreads: 1,
    enableMemPattern: false,
    logSeverityLevel: 3,
    enableProfiling: true,
    profileFilePrefix: join(tmpdir(), prefix),
  });
  const all = { ...weights, ...feeds };
  const inputs = Object.fromEntries(session.inputNames.map((name) => [name, all[name] as TensorData]));
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await session.run(inputs);
    best = Math.min(best, performance.now() - start);
  }
  session.endProfiling();
  const file = join(tmpdir(), readdirSync(tmpdir()).find((name) => name.startsWith(prefix)) ?? '');
  const events = JSON.parse(readFileSync(file, 'utf8')) as readonly ProfileEvent[];
  rmSync(file);
  const groups = new Map<string, { microseconds: number; count: number }>();
  for (const event of events) {
    if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
    const name = groupOf(event);
    const group = groups.get(name) ?? { microseconds: 0, count: 0 };
    groups.set(name, { microseconds: group.microseconds + event.dur, count: group.count + 1 });
  }
  const total = [...groups.values()].reduce((sum, { microseconds }) => sum + microseconds, 0);
  const rows = [...groups].sort(([, a], [, b]) => b.microseconds - a.microseconds).slice(0, 12);
  process.stdout.write(
    `\n${title}: ${best.toFixed(2)} ms at best, ${(total / RUNS / 1000).toFixed(2)} ms profiled\n\n`,
  );
  process.stdout.write('| operators | share | ms | calls |\n| --- | ---: | ---: | ---: |\n');
  for (const [name, { microseconds, count }] of rows) {
    const share = `${((100 * microseconds) / total).toFixed(1)} %`;
    process.stdout.write(`| ${name} | ${share} | ${(microseconds / RUNS / 1000).toFixed(2)} | ${count / RUNS} |\n`);
  }
}

/** Products by what they multiply: a matrix shared by all rows is weights or a weight's gradient, a batch is attention. */
function groupOf({ args }: ProfileEvent): string {
  const name = args.op_name ?? 'other';
  if (!name.endsWith('MatMul')) return name;
  const [a, b] = (args.input_type_shape ?? []).map((type) => Object.values(type)[0] ?? []);
  if ((b?.length ?? 0) > 2)
    return (b?.[0] ?? 0) === (SEATS / R) * config.keyValueHeadCount ? 'prompt attention' : 'attention';
  return (a?.length ?? 0) === 2 && (a?.[0] ?? 0) === (b?.[0] ?? 0) ? 'weight gradients' : 'products with weights';
}
