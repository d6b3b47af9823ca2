import type { Command } from 'commander';
import type { Compared, Comparison } from '../../actors/compare.js';
import { withReader } from '../database.js';
import { databaseOption, defineCommand, jsonOption, seedOption, wholeNumber } from '../options.js';
import { type Colours, coloursFor } from '../terminal/colour.js';
import { printJson, printText } from '../terminal/output.js';
import { formatEstimate, textTable } from '../terminal/tables.js';

interface CompareFlags {
  readonly db: string;
  readonly resamples: number;
  readonly seed: number;
  readonly anyProtocol?: true;
  readonly tasks?: true;
  readonly json?: true;
}

/** Benchmarks that are listed unasked. */
const FEW = 20;

/** `compare`: the gain of one evaluation over another of the same items, with its p-value. */
export function addCompare(program: Command): void {
  defineCommand(program, 'compare', 'the gain of one evaluation over another of the same items, with p-values', [
    'rzero compare e4k2mw e7n3pq',
    "rzero compare r7f@0 r7f@3              a run's base and its third iteration",
    'rzero compare r7f@0 r7f@3 --json | jq .averages',
  ])
    .argument('<before>', "an evaluation's id, the beginning of it, or RUN@ITERATION for a run's own")
    .argument('<after>', 'another one')
    .addOption(databaseOption())
    .option('--resamples <n>', 'draws of the bootstrap', wholeNumber(100), 10_000)
    .addOption(seedOption().default(0))
    .option('--tasks', `each benchmark too, also where there are more than ${FEW}`)
    .option('--any-protocol', 'compare also what was measured differently, and say in what')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nThe standard error, the interval and p are of the paired bootstrap over items; exact p is of the test of McNemar.\n--json: {before, after, benchmarks: [{benchmark, domain, metric, items, before, after, gain: {score, stderr, low, high, pValue}, exact}], averages, differences}',
    )
    .action(async (before: string, after: string, flags: CompareFlags) => {
      const { compare } = await import('../../actors/compare.js');
      const { resamples, seed } = flags;
      const settings = { resamples, seed, anyProtocol: flags.anyProtocol === true };
      const compared = withReader(flags.db, (db) => compare(db, before, after, settings));
      if (flags.json) printJson(compared);
      else printText(comparedText(compared, flags, coloursFor(process.stdout)));
    });
}

function comparedText(
  { before, after, benchmarks, averages, differences }: Compared,
  { resamples, tasks }: CompareFlags,
  colours: Colours,
): string {
  const listed = tasks === true || benchmarks.length <= FEW || averages.length === 0;
  const exact = listed ? ['only before', 'only after', 'exact p'] : [];
  const columns = ['items', 'before', 'after', 'gain', '95 % interval', 'p', ...exact];
  return [
    `before: ${before.id}, ${before.target}, ${before.evaluatedAt}\nafter:  ${after.id}, ${after.target}, ${after.evaluatedAt}`,
    textTable(
      [['benchmark', 'left'], ['metric', 'left'], ...columns.map((name) => [name, 'right'] as const)],
      [...(listed ? benchmarks : []), ...averages].map((row) => cells(row, colours).slice(0, columns.length + 2)),
      colours,
    ),
    `Points of 100 ± one standard error, by a paired bootstrap of ${resamples} draws over the items.${listed ? '' : ` ${benchmarks.length} benchmarks; --tasks lists them.`}`,
    ...differences,
  ].join('\n\n');
}

function cells({ benchmark, metric, items, before, after, gain, exact }: Comparison, colours: Colours): string[] {
  const text = `${gain.score < 0 ? '' : '+'}${formatEstimate(gain)}`;
  const beyondChance = gain.pValue < 0.05 && (exact === null || exact.pValue < 0.05);
  return [
    benchmark,
    metric,
    String(items),
    before.toFixed(1),
    after.toFixed(1),
    beyondChance ? (gain.score > 0 ? colours.green(text) : colours.red(text)) : text,
    `${gain.low.toFixed(1)} to ${gain.high.toFixed(1)}`,
    formatProbability(gain.pValue),
    ...(exact === null
      ? ['-', '-', '-']
      : [String(exact.onlyBefore), String(exact.onlyAfter), formatProbability(exact.pValue)]),
  ];
}

/** `0.031`, and `<0.001` for less. */
const formatProbability = (p: number): string => (p < 0.001 ? '<0.001' : p.toFixed(3));
