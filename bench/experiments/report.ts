import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { markdownTable } from '../../src/export/markdown.js';
import { type Chart, chartSvg } from '../charts.js';
import type { SeedMean } from './estimates.js';

/** How numbers are written in the tables of all experiments, and their files. */

/** `82.5`, or `-` for what could not be measured. */
export const points = (value: number, digits = 1): string => (Number.isFinite(value) ? value.toFixed(digits) : '-');

/** `+47.5`. */
export const signed = (value: number): string => `${value >= 0 ? '+' : ''}${points(value)}`;

/** `82.5 ± 0.4`, by the standard error of seeds. */
export const ofSeeds = ({ mean, ofSeeds }: SeedMean): string =>
  Number.isFinite(mean) ? `${points(mean)} ± ${points(ofSeeds)}` : '-';

/** `82.5 ± 0.9 / 0.4`: the standard error of items, and of seeds. */
export const bothErrors = ({ mean, ofItems, ofSeeds }: SeedMean): string =>
  Number.isFinite(mean) ? `${points(mean)} ± ${points(ofItems)} / ${points(ofSeeds)}` : '-';

/** `+47.5 ± 0.9 / 0.3`: the standard error of items, and of seeds. */
export const gain = (difference: SeedMean): string => `${difference.mean >= 0 ? '+' : ''}${bothErrors(difference)}`;

/** `+47.0 / +47.5 / +48.0`. */
export const eachSeed = ({ bySeed }: SeedMean): string =>
  bySeed.every(Number.isFinite) ? bySeed.map(signed).join(' / ') : '-';

export const GAIN_EXPLAINED =
  'A gain is paired: each item before and after, seed by seed. Behind it stand its standard error as the items are drawn anew, and as the seeds are.';

export interface ReportTable {
  readonly title?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Writes an experiment's Markdown file and its charts beside it, named by it, and prints the text. */
export function writeReport(
  out: string,
  report: {
    readonly title: string;
    readonly paragraphs: readonly string[];
    readonly tables: readonly ReportTable[];
    readonly charts: Readonly<Record<string, Chart>>;
  },
): void {
  const stem = basename(out).replace(/\.md$/, '');
  const charts = Object.entries(report.charts).map(([name, chart]) => ({
    file: `${stem}${name === '' ? '' : `-${name}`}.svg`,
    chart,
  }));
  const sections = [
    `# ${report.title}`,
    report.paragraphs.join('\n'),
    ...report.tables.map(({ title, head, rows }) =>
      [...(title === undefined ? [] : [`## ${title}`, '']), markdownTable(head, rows)].join('\n'),
    ),
    ...charts.map(({ file, chart }) => `![${chart.title}](${file})`),
  ];
  mkdirSync(dirname(out), { recursive: true });
  const text = `${sections.join('\n\n')}\n`;
  writeFileSync(out, text);
  for (const { file, chart } of charts) writeFileSync(`${dirname(out)}/${file}`, chartSvg(chart));
  process.stdout.write(text);
}
