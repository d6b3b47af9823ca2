import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type EvaluateSettings, evaluate } from '../../actors/evaluate.js';
import { finetune } from '../../actors/finetune.js';
import { readVersion } from '../../bin/version.js';
import { PLAIN_EVALUATION } from '../plain-evaluation.js';
import { type ItemScores, pairedGain, type SeedMean, seedMean } from './estimates.js';
import { COMMON_FLAGS, experimentFlags, madeBy, say, wholeNumber, wholeNumbers } from './flags.js';
import { writeLabelled } from './labelled-data.js';
import { GAIN_EXPLAINED, gain, points, writeReport } from './report.js';
import { crewOf, FULL, type MadeRun, runOf } from './runs.js';
import { type Scores, scoresOf } from './scores.js';

/**
 * Whether a model that has taught itself gains more from labels: the base and the Solver of the last iteration are
 * fine-tuned on the same labelled questions, at several sizes. The embedded model has two kinds of labels, worked solutions
 * and bare answers; `--data FILE` takes others, as `rzero finetune` does.
 *
 *   npm run experiment:amplifier -- --sizes 128,512,2048 --items 100
 *   npm run experiment:amplifier -- --model ~/models/Qwen3-0.6B --data train.jsonl --sizes 1000,4000
 */
const { values } = parseArgs({
  options: {
    ...COMMON_FLAGS,
    sizes: { type: 'string', default: '128,512,2048' },
    data: { type: 'string' },
    epochs: { type: 'string', default: '3' },
    /** The usual one where nothing is said. */
    lr: { type: 'string' },
    /** Items of each task in evaluations after fine-tuning; the runs have --items. */
    'tuned-items': { type: 'string' },
  },
});
const flags = experimentFlags('amplifier', values);
const { seeds, iterations } = flags;
const sizes = wholeNumbers('--sizes', values.sizes);
const items = wholeNumber('--tuned-items', values['tuned-items'] ?? `${flags.items}`);
const KINDS = values.data === undefined ? (['solutions', 'answers'] as const) : (['data'] as const);
const STARTS = ['base', 'evolved'] as const;
type Kind = (typeof KINDS)[number];
type Start = (typeof STARTS)[number];

const TITLES = {
  solutions: 'Labels are worked solutions',
  answers: 'Labels are bare answers',
  data: 'Labels of the file',
} as const;

/** The scores of each seed, by kind, start and size; of size 0 for every kind the same. */
const scores = new Map<string, Scores[]>();
const keyOf = (kind: Kind, start: Start, size: number): string =>
  size === 0 ? `${start}` : `${kind} ${start} ${size}`;
for (const seed of seeds) {
  const run = await runOf(flags, FULL, seed);
  for (const start of STARTS) {
    await measure(keyOf(KINDS[0], start, 0), seed, { kind: 'run', ...placeOf(run, start) });
    for (const kind of KINDS) for (const size of sizes) await tuneAndMeasure(run, kind, start, size);
  }
}

const [unTuned] = scores.get(keyOf(KINDS[0], 'base', 0)) ?? [];
const measures = [...(unTuned?.keys() ?? [])];
const SIZES = [0, ...sizes];
writeReport(flags.out, {
  title: `Amplifier: preset ${flags.preset}, seeds ${seeds.join(', ')}, ${items} items a task`,
  paragraphs: [
    madeBy('amplifier', flags, ownFlags()),
    `Supervised fine-tuning of ${values.epochs} epochs from the base and from the Solver of iteration ${iterations}, on the same labelled examples: so many as each column says, 0 for none. Points of 100, means over the seeds, each of which has its own run and its own examples. ${GAIN_EXPLAINED}`,
  ],
  tables: KINDS.map((kind) => ({
    title: TITLES[kind],
    head: ['', ...SIZES.map(String)],
    rows: measures.flatMap((name) => [
      ...STARTS.map((start) => [
        `${name}: from the ${start === 'base' ? 'base' : 'evolved Solver'}`,
        ...SIZES.map((size) => points(seedMean(itemsOf(name, kind, start, size)).mean)),
      ]),
      [
        `${name}: evolved − base`,
        ...SIZES.map((size) =>
          gain(pairedGain(itemsOf(name, kind, 'base', size), itemsOf(name, kind, 'evolved', size))),
        ),
      ],
    ]),
  })),
  charts: Object.fromEntries(measures.map((name) => [name.replace(/[^a-z0-9]+/g, '-'), chart(name)])),
});

function placeOf({ runId, databaseFile }: MadeRun, start: Start) {
  return { runId, databaseFile, iteration: start === 'base' ? 0 : iterations };
}

/** Fine-tunes, and scores what came of it. */
async function tuneAndMeasure(run: MadeRun, kind: Kind, start: Start, size: number): Promise<void> {
  const { seed } = run;
  const out = join(flags.folder, `tuned-${kind}-${start}-${size}-seed-${seed}`);
  if (!(flags.reuse && existsSync(out))) {
    rmSync(out, { recursive: true, force: true });
    const { losses, seconds } = await finetune({
      data: dataOf(kind, seed),
      heldOut: null,
      target: { kind: 'run', ...placeOf(run, start) },
      out,
      force: false,
      epochs: wholeNumber('--epochs', values.epochs),
      learningRate: values.lr === undefined ? null : Number(values.lr),
      batch: 32,
      seed,
      maxTokens: null,
      limit: size,
      skipBad: false,
      loraRank: null,
      ...crewOf(flags),
      version: readVersion(),
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    const told = losses.map((loss) => loss.toFixed(3)).join(', ');
    say(`seed ${seed}: ${size} ${kind} from the ${start} in ${seconds.toFixed(0)} s, losses ${told}`);
  }
  await measure(keyOf(kind, start, size), seed, { kind: 'model', model: out });
}

async function measure(key: string, seed: number, target: EvaluateSettings['target']): Promise<void> {
  const { results } = await evaluate({
    ...PLAIN_EVALUATION,
    ...crewOf(flags),
    target,
    files: [],
    limit: items,
    samples: 1,
    seed,
  });
  const measured = scoresOf(results, ({ domain, metric }) => `${domain}, ${metric}`);
  scores.set(key, [...(scores.get(key) ?? []), measured]);
}

/** The labelled file; the embedded model's is written anew. */
function dataOf(kind: Kind, seed: number): string {
  if (kind === 'data') return values.data ?? '';
  const file = join(flags.folder, `labelled-${kind}-seed-${seed}.jsonl`);
  writeLabelled(file, kind, Math.max(...sizes), seed);
  return file;
}

function itemsOf(name: string, kind: Kind, start: Start, size: number): readonly ItemScores[] {
  return (scores.get(keyOf(kind, start, size)) ?? []).map((each) => each.get(name) ?? []);
}

function ownFlags(): readonly string[] {
  return [
    `--sizes ${sizes.join(',')}`,
    ...(values['tuned-items'] === undefined ? [] : [`--tuned-items ${items}`]),
    ...(values.data === undefined ? [] : ['--data FILE']),
    ...(values.epochs === '3' ? [] : [`--epochs ${values.epochs}`]),
    ...(values.lr === undefined ? [] : [`--lr ${values.lr}`]),
  ];
}

function chart(name: string) {
  return {
    title: `${name}: fine-tuned from the base and from the evolved Solver`,
    xName: 'labelled examples',
    yName: 'points of 100, ± s.e. of seeds',
    lines: KINDS.flatMap((kind) =>
      STARTS.map((start) => {
        const means: readonly SeedMean[] = SIZES.map((size) => seedMean(itemsOf(name, kind, start, size)));
        return {
          name: `${kind === 'data' ? '' : `${kind}, `}${start}`,
          points: SIZES.map((size, i) => [size, means[i]?.mean ?? Number.NaN] as const),
          errors: means.map(({ ofSeeds }) => (Number.isFinite(ofSeeds) ? ofSeeds : 0)),
        };
      }),
    ),
  };
}
