import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluate } from '../../actors/evaluate.js';
import { NOBODY } from '../../actors/follower.js';
import { formatOf, modelFolder, readableModel, withReader } from '../../actors/model.js';
import { startRun } from '../../actors/run.js';
import { averages } from '../../bin/terminal/tables.js';
import { readVersion } from '../../bin/version.js';
import { generatedSuite } from '../../src/benchmarks/suite.js';
import { resolveConfig } from '../../src/config.js';
import { readCheckpointFolder } from '../../src/export/checkpoint-folder.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { dequantizedBlocks, quantizedBlocks } from '../../src/lm/block-quantization.js';
import { type CheckpointFiles, openCheckpoint, readStored, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { initialWeights, parameterLayout } from '../../src/lm/parameters.js';
import { SHAPES } from '../../src/lm/shapes.js';
import { goesIntoBlocks, type WeightPlace } from '../../src/lm/weight-places.js';
import { Random, stream } from '../../src/random.js';
import { openReader } from '../../storage/database.js';
import { runDetails } from '../../storage/find-run.js';
import { benchmarkScores } from '../../storage/scores.js';
import { PLAIN_EVALUATION } from '../plain-evaluation.js';
import { addFiles, copiesOf, PRECISIONS, type Precision } from './copies.js';
import { distances, type Sequence } from './distributions.js';

/**
 * What each precision of the weights costs: distributions beside those of float32, benchmark scores of the embedded model, and
 * what adapters learn over each.
 *
 *   npm run bench:precision                                                  3 minutes
 *   npm run bench:precision -- --parts distributions --model runs/qwen3-0.6b    random weights of a real shape
 */
const { values: flags } = parseArgs({
  options: {
    parts: { type: 'string', default: 'blocks,distributions,scores,learning' },
    /** A checkpoint to compare with copies of itself; random tokens are its text. */
    model: { type: 'string' },
    items: { type: 'string', default: '100' },
    samples: { type: 'string', default: '4' },
    /** Sequences that distributions are compared on. */
    sequences: { type: 'string', default: '256' },
    seeds: { type: 'string', default: '0,1' },
    threads: { type: 'string', default: '1' },
  },
});
/** Adapters of rank 8; their learning rates are ten times those of whole weights. */
const LEARNING = ['iterations=1', 'lora.rank=8', 'rl.challenger.lr=0.003', 'rl.solver.lr=0.002', 'evaluation.items=50'];
const parts = flags.parts.split(',');
const home = mkdtempSync(join(tmpdir(), 'rzero-precision-'));
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const table = (head: readonly string[], rows: readonly (readonly string[])[]): void =>
  print(
    `${[head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
  );

try {
  print(`rzero ${readVersion()}, Node ${process.versions.node}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores\n`);
  if (flags.model !== undefined) await compare(basename(flags.model), openCheckpoint(resolve(flags.model)), null);
  else {
    const source = openCheckpoint(modelFolder('tiny'));
    const tiny = await copiesOf(source, join(home, 'tiny'));
    for (const { folder } of Object.values(tiny)) addFiles(folder, readCheckpointFolder(modelFolder('tiny')).copies);
    if (parts.includes('blocks')) blockErrors(tiny);
    if (parts.includes('distributions')) {
      await compareCopies('the embedded model', tiny, await heldOutText());
      for (const scale of [1, 4]) await compare(`random ×${scale}`, randomCheckpoint(scale), null);
    }
    if (parts.includes('scores')) await scores(tiny);
    if (parts.includes('learning')) await learning(tiny);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** How far off single weights are, beside their size: root mean squares. */
function blockErrors({ F32, int4 }: Readonly<Record<Precision, CheckpointFiles>>): void {
  const normal = new Float32Array(32 * 10_000);
  const random = new Random(stream(0, 'normal'));
  for (let i = 0; i < normal.length; i++) normal[i] = random.normal();
  const [wanted, found] = [projectionsOf(F32), projectionsOf(int4)];
  const rows = [
    ['the embedded model', relativeError(wanted, found)],
    ['normal weights', relativeError(normal, dequantizedBlocks(quantizedBlocks(normal)))],
  ] as const;
  table(
    ['blocks of', 'error of a weight'],
    rows.map(([name, error]) => [name, `${(100 * error).toFixed(1)} %`]),
  );
}

function projectionsOf({ folder, config, places }: CheckpointFiles): Float32Array {
  const projections = parameterLayout(config).parameters.filter(goesIntoBlocks);
  const parts = projections.map(({ name }) => readStored(folder, places.get(name) as WeightPlace).data);
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function relativeError(wanted: Float32Array, found: Float32Array): number {
  const squares = (values: Float32Array): number => values.reduce((sum, x) => sum + x * x, 0);
  return Math.sqrt(squares(found.map((x, i) => x - (wanted[i] as number))) / squares(wanted));
}

async function compare(name: string, source: CheckpointFiles, text: readonly Sequence[] | null): Promise<void> {
  const copies = await copiesOf(source, join(home, name.replace(/\W+/g, '-')));
  await compareCopies(name, copies, text ?? randomText(source.config));
}

async function compareCopies(
  name: string,
  copies: Readonly<Record<Precision, CheckpointFiles>>,
  text: readonly Sequence[],
): Promise<void> {
  const others = PRECISIONS.filter((precision) => precision !== 'F32');
  const found = await distances(
    copies.F32,
    others.map((precision) => copies[precision]),
    text,
    Number(flags.threads),
  );
  const { targets = 0, entropy = 0 } = found[0] ?? {};
  print(`${name}: ${targets} targets, entropy ${entropy.toFixed(2)} nats\n`);
  table(
    ['weights', 'mean difference of log-probabilities', 'largest', 'KL, nats', 'same choice'],
    found.map((distance, i) => [
      others[i] ?? '',
      distance.meanDifference.toPrecision(2),
      distance.maxDifference.toPrecision(2),
      distance.kl.toExponential(1),
      `${(100 * distance.sameChoice).toFixed(1)} %`,
    ]),
  );
}

/** Held-out questions, with answers that the embedded model draws in float32. */
async function heldOutText(): Promise<Sequence[]> {
  const model = readableModel('tiny');
  const format = formatOf(model);
  const count = Number(flags.sequences);
  const suite = generatedSuite(Math.ceil(count / 15), 1);
  const prompts = suite
    .flatMap(({ items, domain }) =>
      items.map(({ question }) => model.tokenizer.encode(format.solverPrompt(question, domain))),
    )
    .slice(0, count);
  const sampling = samplingSettings({ maxTokens: format.answerTokens, stops: format.solverStops });
  const crew = { executionProvider: 'cpu', workers: 1, threadsPerWorker: 1 } as const;
  const rollouts = await withReader(model, crew, (reader) => reader.generate(prompts, 1, sampling, stream(0, 'text')));
  return rollouts
    .flat()
    .map(({ prompt, completion }) => ({ tokens: [...prompt, ...completion], start: prompt.length }));
}

function randomText({ vocabularySize }: DecoderConfig): Sequence[] {
  const random = new Random(stream(0, 'text'));
  const count = vocabularySize > 10_000 ? 4 : Number(flags.sequences) / 4;
  return Array.from({ length: count }, () => ({
    tokens: Array.from({ length: 65 }, () => random.integer(0, vocabularySize)),
    start: 1,
  }));
}

/** Fresh weights of the prototype's shape, those of projections and embeddings times `scale`: distributions that are flat, or not. */
function randomCheckpoint(scale: number): CheckpointFiles {
  const config = SHAPES.prototype;
  const weights = initialWeights(config, stream(0, 'precision'));
  for (const { kind, offset, size } of parameterLayout(config).parameters)
    if (kind !== 'norm') for (let i = offset; i < offset + size; i++) weights[i] = scale * (weights[i] as number);
  const folder = join(home, `random-${scale}`);
  saveCheckpoint(folder, { config, weights });
  return openCheckpoint(folder);
}

async function scores(copies: Readonly<Record<Precision, CheckpointFiles>>): Promise<void> {
  const rows = [];
  let head: readonly string[] = [];
  for (const precision of PRECISIONS) {
    say(`scoring ${precision}`);
    const { results } = await evaluate({
      ...PLAIN_EVALUATION,
      target: { kind: 'model', model: copies[precision].folder },
      files: [],
      limit: Number(flags.items),
      samples: Number(flags.samples),
      seed: 0,
    });
    const means = averages(results.map(({ row }) => ({ ...row, iteration: 0 })));
    head = means.map(({ domain, metric }) => `${domain}, ${metric}`);
    rows.push([
      precision,
      ...means.map(({ score, stderr }) => `${score.toFixed(1)} ± ${(stderr ?? Number.NaN).toFixed(1)}`),
    ]);
  }
  table(['weights', ...head], rows);
}

/** A run of adapters over each of two precisions, from the same seeds: greedy and sampled mathematics before and after. */
async function learning(copies: Readonly<Record<Precision, CheckpointFiles>>): Promise<void> {
  const rows = [];
  for (const seed of flags.seeds.split(',').map(Number)) {
    for (const precision of ['F32', 'int4'] as const) {
      say(`seed ${seed}: adapters over ${precision}`);
      const databaseFile = join(home, `${precision}-${seed}.db`);
      const config = resolveConfig({ preset: 'tiny', set: LEARNING, flags: { seed, model: copies[precision].folder } });
      const hooks = {
        signal: new AbortController().signal,
        serverKey: null,
        oracleKey: null,
        onProgress: () => {},
        onNews: () => {},
        follower: NOBODY,
      };
      await startRun({ config, databaseFile, rzeroVersion: readVersion(), ...hooks });
      const db = openReader(databaseFile);
      const found = averages(benchmarkScores(db, runDetails(db, '').id).filter(({ domain }) => domain === 'math'));
      db.close();
      const cell = (metric: string, iteration: number): string =>
        found.find((score) => score.metric === metric && score.iteration === iteration)?.score.toFixed(1) ?? '';
      rows.push([
        String(seed),
        precision,
        ...['greedy', 'mean@1'].flatMap((metric) => [0, 1].map((iteration) => cell(metric, iteration))),
      ]);
    }
  }
  print(`Adapters, one iteration: ${LEARNING.join(' ')}\n`);
  table(['seed', 'weights', 'greedy, before', 'after', 'sampled, before', 'after'], rows);
}
