import { parseArgs } from 'node:util';
import { evaluate } from '../../actors/evaluate.js';
import { type FileBenchmarkName, fileBenchmarkName } from '../../src/benchmarks/catalog.js';
import { UsageError } from '../../src/errors.js';
import { PLAIN_EVALUATION } from '../plain-evaluation.js';
import { curriculumOf, kept, labelAccuracy } from './curriculum.js';
import { type ItemScores, ofNumbers, pairedGain, seedMean } from './estimates.js';
import { COMMON_FLAGS, experimentFlags, madeBy, say } from './flags.js';
import { eachSeed, GAIN_EXPLAINED, gain, points, writeReport } from './report.js';
import { crewOf, FULL, type MadeRun, runOf, UNTRAINED, type Variant } from './runs.js';
import { type Scores, scoresOf, scoresOfRun } from './scores.js';

/**
 * The main experiment: several seeds of a preset from the base, scored on held-out items at every iteration, with the
 * decomposition beside it (share of worked answers, accuracy with the working forced, label accuracy), and the same with
 * a Challenger that is never trained.
 *
 *   npm run experiment:main -- --seeds 0,1,2 --items 200
 *   npm run experiment:main -- --benchmark gpt3-arithmetic=four_digit_addition.jsonl   (and so on, per file)
 */
const { values } = parseArgs({
  options: { ...COMMON_FLAGS, benchmark: { type: 'string', multiple: true, default: [] } },
});
const flags = experimentFlags('main', values);
const { seeds, iterations, items } = flags;
const files = values.benchmark.map(fileFlag);

/** What a column is of. The base is the same for both variants. */
interface Column {
  readonly head: string;
  readonly variant: Variant;
  readonly iteration: number;
}
const last = (variant: Variant): Column => ({ head: '', variant, iteration: iterations });
const BASE: Column = { head: 'base', variant: FULL, iteration: 0 };
const COLUMNS: readonly Column[] = [
  BASE,
  { head: 'untrained it 1', variant: UNTRAINED, iteration: 1 },
  ...(iterations === 1 ? [] : [{ ...last(UNTRAINED), head: `untrained it ${iterations}` }]),
  ...Array.from({ length: iterations }, (_, i) => ({ head: `it ${i + 1}`, variant: FULL, iteration: i + 1 })),
];

/** Of each column, the scores by seed. */
type ColumnScores = ReadonlyMap<string, readonly Scores[]>;
const keyOf = ({ variant, iteration }: Column): string => `${variant.name} ${iteration}`;

const runs = new Map<string, readonly MadeRun[]>();
for (const variant of [FULL, UNTRAINED]) {
  const made: MadeRun[] = [];
  for (const seed of seeds) made.push(await runOf(flags, variant, seed));
  runs.set(variant.name, made);
}
const generated = await scoresOfColumns(async (run, iteration) => scoresOfRun(run).get(iteration) ?? new Map());
const ofFiles = files.length === 0 ? new Map<string, readonly Scores[]>() : await scoresOfColumns(evaluateFiles);

const isGeneral = (measure: string): number => (measure.startsWith('general') ? 1 : 0);
const measures = [...(generated.get(keyOf(BASE))?.[0]?.keys() ?? [])].toSorted((a, b) => isGeneral(a) - isGeneral(b));
const fileMeasures = [...(ofFiles.get(keyOf(BASE))?.[0]?.keys() ?? [])];
const head = [
  '',
  ...COLUMNS.map((column) => column.head),
  'gain by seed',
  'gain ± s.e. of items / seeds',
  'over untrained ± s.e. of items / seeds',
];
writeReport(flags.out, {
  title: `Main experiment: preset ${flags.preset}, seeds ${seeds.join(', ')}, ${items} items a task`,
  paragraphs: [
    madeBy('main', flags, fileNames()),
    `Points of 100, means over the seeds. ${GAIN_EXPLAINED}`,
    `"Untrained": the Solver learns from questions of a Challenger that is never trained. Gains are of iteration ${iterations} over the base, and over the untrained one.`,
  ],
  tables: [
    { head, rows: [...measures.map((measure) => row(measure, generated)), ...labelRows()] },
    {
      title: 'The paper, of another model and other benchmarks',
      head: ['Qwen3-4B-Base (Huang et al. 2025)', 'base', 'it 3', 'gain'],
      rows: [
        ['mathematics, average of seven benchmarks', '42.58', '49.07', '+6.49'],
        ['overall: mathematics, SuperGPQA, MMLU-Pro and BBEH', '27.10', '34.64', '+7.54'],
      ],
    },
    ...(fileMeasures.length === 0
      ? []
      : [{ title: 'Public files', head, rows: fileMeasures.map((measure) => row(measure, ofFiles)) }]),
  ],
  charts: { '': chart() },
});

async function scoresOfColumns(of: (run: MadeRun, iteration: number) => Promise<Scores>): Promise<ColumnScores> {
  const scores = new Map<string, readonly Scores[]>();
  for (const column of COLUMNS) {
    const bySeed: Scores[] = [];
    for (const run of runs.get(column.variant.name) ?? []) bySeed.push(await of(run, column.iteration));
    scores.set(keyOf(column), bySeed);
  }
  return scores;
}

async function evaluateFiles({ runId, databaseFile, seed }: MadeRun, iteration: number): Promise<Scores> {
  say(`files: seed ${seed}, iteration ${iteration}`);
  const { results } = await evaluate({
    ...PLAIN_EVALUATION,
    ...crewOf(flags),
    target: { kind: 'run', runId, iteration, databaseFile },
    files,
    limit: items,
    samples: 1,
    seed,
  });
  return scoresOf(results, ({ benchmark, metric }) => `${benchmark} files, ${metric}`);
}

function itemsOf(measure: string, scores: ColumnScores, column: Column): readonly ItemScores[] {
  return (scores.get(keyOf(column)) ?? []).map((each) => each.get(measure) ?? []);
}

/** A measure at each column, and its gains. */
function row(measure: string, scores: ColumnScores): string[] {
  const at = (column: Column): readonly ItemScores[] => itemsOf(measure, scores, column);
  const whole = pairedGain(at(BASE), at(last(FULL)));
  return [
    measure,
    ...COLUMNS.map((column) => points(seedMean(at(column)).mean)),
    eachSeed(whole),
    gain(whole),
    gain(pairedGain(at(last(UNTRAINED)), at(last(FULL)))),
  ];
}

/** What becomes of the labels; the base has none. */
function labelRows(): string[][] {
  const of = (label: string, measure: (run: MadeRun, iteration: number) => number): string[] => [
    label,
    ...COLUMNS.map(({ variant, iteration }) => {
      const bySeed = (runs.get(variant.name) ?? []).map((run) => measure(run, iteration));
      return iteration === 0 ? '-' : points(ofNumbers(bySeed).mean);
    }),
    '',
    '',
    '',
  ];
  return [
    of('label accuracy of the kept, %', (run, iteration) => labelAccuracy(kept(curriculumOf(run, iteration)))),
    of('label accuracy of all, %', (run, iteration) => labelAccuracy(curriculumOf(run, iteration))),
    of('questions kept', (run, iteration) => kept(curriculumOf(run, iteration)).length),
  ];
}

/** The averages by iteration. */
function chart() {
  const shown = measures.filter((measure) => /^(math|general), (greedy|mean@\d+)$/.test(measure));
  const columns = COLUMNS.filter(({ variant }) => variant === FULL);
  return {
    title: `Scores by iteration: ${flags.model}, ${seeds.length} seeds`,
    xName: 'iteration',
    yName: 'points of 100, ± s.e. of seeds',
    lines: shown.map((measure) => {
      const means = columns.map((column) => seedMean(itemsOf(measure, generated, column)));
      return {
        name: measure,
        points: columns.map(({ iteration }, i) => [iteration, means[i]?.mean ?? Number.NaN] as const),
        errors: means.map(({ ofSeeds }) => (Number.isFinite(ofSeeds) ? ofSeeds : 0)),
      };
    }),
  };
}

function fileFlag(flag: string): { readonly name: FileBenchmarkName; readonly file: string } {
  const equals = flag.indexOf('=');
  if (equals < 1) throw new UsageError(`--benchmark wants NAME=FILE, got "${flag}"`);
  return { name: fileBenchmarkName(flag.slice(0, equals)), file: flag.slice(equals + 1) };
}

/** The flags of the files, each benchmark once and without its folder. */
function fileNames(): readonly string[] {
  return [...new Set(files.map(({ name }) => `--benchmark ${name}=FILE…`))];
}
