import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluate } from '../actors/evaluate.js';
import { NOBODY } from '../actors/follower.js';
import { startRun } from '../actors/run.js';
import { readVersion } from '../bin/version.js';
import { type FileBenchmarkName, fileBenchmarkName } from '../src/benchmarks/catalog.js';
import { resolveConfig } from '../src/config.js';
import { openReader } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import { iterationSummary } from '../storage/iterations.js';
import { benchmarkScores } from '../storage/scores.js';
import { PLAIN_EVALUATION } from './plain-evaluation.js';

/**
 * The main experiment: several seeds of a preset from the shipped base, scored on held-out items at every iteration,
 * with the decomposition beside it (share of worked answers, accuracy with the working forced, label accuracy).
 *
 *   npm run experiment:main -- --seeds 0,1,2 --items 200 --out docs/results/main.md
 *   npm run experiment:main -- --benchmark gpt3-arithmetic=four_digit_addition.jsonl   (and so on, per file)
 */
const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    preset: { type: 'string', default: 'tiny' },
    items: { type: 'string', default: '200' },
    iterations: { type: 'string', default: '3' },
    model: { type: 'string', default: 'tiny' },
    out: { type: 'string', default: 'docs/results/main.md' },
    folder: { type: 'string', default: 'runs/experiment-main' },
    benchmark: { type: 'string', multiple: true, default: [] },
    set: { type: 'string', multiple: true, default: [] },
    /** Report on runs that are there already instead of making them again. */
    reuse: { type: 'boolean', default: false },
  },
});

interface Cell {
  readonly score: number;
  readonly stderr: number;
}
/** Row label → one cell for each iteration. */
type Table = Map<string, Cell[]>;

const seeds = flags.seeds.split(',').map(Number);
const iterations = Number(flags.iterations);
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const tables: Table[] = [];
for (const seed of seeds) tables.push(await runSeed(seed));
const text = report(tables);
mkdirSync(dirname(flags.out), { recursive: true });
writeFileSync(flags.out, text);
process.stdout.write(text);

/** The run of a seed in `databaseFile`, made anew. */
async function makeRun(seed: number, databaseFile: string): Promise<void> {
  mkdirSync(flags.folder, { recursive: true });
  for (const leftover of ['', '-wal', '-shm', '.lock', '.weights']) {
    rmSync(databaseFile + leftover, { recursive: true, force: true });
  }
  const config = resolveConfig({
    preset: flags.preset,
    set: [`evaluation.items=${flags.items}`, 'evaluation.worked=true', ...flags.set],
    flags: { seed, iterations, model: flags.model },
  });
  const hooks = {
    signal: new AbortController().signal,
    serverKey: null,
    oracleKey: null,
    onProgress: () => {},
    onNews: say,
    follower: NOBODY,
  };
  const start = performance.now();
  const run = await startRun({ config, databaseFile, rzeroVersion: readVersion(), ...hooks });
  say(`seed ${seed}: ${run.status} after ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

async function runSeed(seed: number): Promise<Table> {
  const databaseFile = join(flags.folder, `seed-${seed}.db`);
  if (!flags.reuse) await makeRun(seed, databaseFile);
  const table: Table = new Map();
  const db = openReader(databaseFile);
  const runId = runDetails(db, '').id; // the only one: every id begins with nothing
  try {
    const scores = benchmarkScores(db, runId);
    for (const name of new Set(scores.map(({ domain, metric }) => `${domain}, ${metric}`))) {
      table.set(
        name,
        Array.from({ length: iterations + 1 }, (_, iteration) =>
          mean(
            scores
              .filter((row) => row.iteration === iteration && `${row.domain}, ${row.metric}` === name)
              .map((row) => ({ score: row.score, stderr: row.stderr ?? 0 })),
          ),
        ),
      );
    }
    const summary = iterationSummary(db, runId);
    const column = (label: string, of: (row: (typeof summary)[number]) => number | null): void => {
      table.set(
        label,
        summary.map((row) => ({ score: of(row) ?? Number.NaN, stderr: 0 })),
      );
    };
    column('label accuracy of the kept, %', (row) => (row.label_accuracy === null ? null : 100 * row.label_accuracy));
    column('label accuracy of all, %', (row) => {
      const all = db.all<{ share: number | null }>(
        'SELECT 100.0 * avg(label_correct) AS share FROM curriculum WHERE run_id = @runId AND iteration = @iteration AND label_correct IS NOT NULL',
        { runId, iteration: row.iteration },
      );
      return all[0]?.share ?? null;
    });
    column('questions kept', (row) => row.kept);
    column('seconds', (row) => row.seconds);
  } finally {
    db.close();
  }
  for (const iteration of flags.benchmark.length > 0 ? [...Array(iterations + 1).keys()] : []) {
    const { results } = await evaluate({
      ...PLAIN_EVALUATION,
      target: { kind: 'run', runId, iteration, databaseFile },
      files: flags.benchmark.map(fileFlag),
      limit: Number(flags.items),
      samples: 1,
      seed,
    });
    const rows = results.map(({ row }) => row);
    for (const name of new Set(rows.map((row) => `${row.benchmark} files, ${row.metric}`))) {
      const cells = table.get(name) ?? [];
      cells.push(mean(rows.filter((row) => `${row.benchmark} files, ${row.metric}` === name)));
      table.set(name, cells);
    }
  }
  return table;
}

function fileFlag(flag: string): { readonly name: FileBenchmarkName; readonly file: string } {
  const equals = flag.indexOf('=');
  return { name: fileBenchmarkName(flag.slice(0, equals)), file: flag.slice(equals + 1) };
}

/** Over seeds the items are the same, so that more seeds do not make their standard error smaller. */
function overSeeds(cells: readonly Cell[]): Cell {
  const average = (of: (cell: Cell) => number): number => cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length;
  return { score: average(({ score }) => score), stderr: average(({ stderr }) => stderr) };
}

/** The average of scores of different items, with its standard error. */
function mean(cells: readonly Cell[]): Cell {
  const score = cells.reduce((sum, cell) => sum + cell.score, 0) / cells.length;
  return { score, stderr: Math.sqrt(cells.reduce((sum, cell) => sum + cell.stderr ** 2, 0)) / cells.length };
}

/** A row for each measure: the mean over seeds at each iteration, and the gain of each seed at the end. */
function report(all: readonly Table[]): string {
  const [first] = all;
  if (first === undefined) return '';
  const heads = [
    '',
    'base',
    ...Array.from({ length: iterations }, (_, i) => `it ${i + 1}`),
    'gain by seed',
    'mean gain ± s.e.',
  ];
  const rows = [...first.keys()].map((name) => {
    const perIteration = Array.from({ length: iterations + 1 }, (_, i) =>
      overSeeds(all.map((table) => table.get(name)?.[i] ?? { score: Number.NaN, stderr: 0 })),
    );
    const gains = all.map((table) => {
      const cells = table.get(name) ?? [];
      return (cells[iterations]?.score ?? Number.NaN) - (cells[0]?.score ?? Number.NaN);
    });
    const gain = gains.reduce((sum, x) => sum + x, 0) / gains.length;
    const end = perIteration[iterations];
    const stderr = Math.hypot(end?.stderr ?? 0, perIteration[0]?.stderr ?? 0);
    const measured = Number.isFinite(gain) && (end?.stderr ?? 0) > 0;
    return [
      name,
      ...perIteration.map(({ score }) => (Number.isFinite(score) ? score.toFixed(1) : '-')),
      measured ? gains.map((x) => signed(x)).join(' / ') : '',
      measured ? `${signed(gain)} ± ${stderr.toFixed(1)}` : '',
    ];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `# Main experiment: preset ${flags.preset}, seeds ${flags.seeds}, ${flags.items} items a task`,
    '',
    `Made by \`npm run experiment:main -- --seeds ${flags.seeds} --items ${flags.items}\` with rzero ${readVersion()}, Node ${process.version}, on ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}).`,
    'Points of 100, means over the seeds. The standard error is that of the items; all seeds and iterations answer the same ones.',
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(line),
    '',
  ].join('\n');
}

function signed(x: number): string {
  return `${x >= 0 ? '+' : ''}${x.toFixed(1)}`;
}
