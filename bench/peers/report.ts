import type { Agreement } from './agreement.js';
import type { Settings } from './job.js';
import type { Measurement } from './processes.js';
import type { Workload } from './workload.js';

/** What a run found: the content of `--json`. */
export interface Report {
  readonly shape: string;
  readonly machine: string;
  readonly engines: readonly EngineReport[];
  /** Why a peer is left out, by its name. */
  readonly absent: Readonly<Record<string, string>>;
}
export interface EngineReport {
  readonly name: string;
  readonly version: string;
  /** With rzero; null for rzero itself. */
  readonly agreement: Agreement | null;
  readonly results: readonly WorkloadReport[];
}
export interface WorkloadReport {
  readonly workload: Workload;
  /** The best of the search. */
  readonly settings: Settings;
  readonly tokensPerSecond: Spread;
  /** rzero's rate in each round, divided by this engine's; null for rzero itself. */
  readonly rzeroRatio: Spread | null;
  readonly peakMemoryBytes: number;
  readonly foreignCores: number;
}
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}

export function workloadReport(
  workload: Workload,
  settings: Settings,
  own: readonly Measurement[],
  ours: readonly Measurement[],
): WorkloadReport {
  const ratios = own.map(
    ({ tokensPerSecond }, round) => (ours[round]?.tokensPerSecond ?? Number.NaN) / tokensPerSecond,
  );
  return {
    workload,
    settings,
    tokensPerSecond: spread(own.map(({ tokensPerSecond }) => tokensPerSecond)),
    rzeroRatio: own === ours ? null : spread(ratios),
    peakMemoryBytes: Math.max(...own.map(({ peakMemoryBytes }) => peakMemoryBytes)),
    foreignCores: Math.max(...own.map(({ foreignCores }) => foreignCores)),
  };
}

/** The report as Markdown. */
export function reportText(report: Report): string {
  const lines = [`${report.shape} on ${report.machine}`, ''];
  for (const { name, version, agreement } of report.engines) {
    if (agreement === null) continue;
    const { sameGreedy, sequences, largestDifference } = agreement;
    lines.push(
      `${name} ${version}: ${sameGreedy} of ${sequences} greedy continuations as rzero's, log-probabilities within ${largestDifference.toExponential(1)}`,
    );
  }
  for (const [name, reason] of Object.entries(report.absent)) lines.push(`no peer: ${name}: ${reason}`);
  const labels = new Set(report.engines.flatMap(({ results }) => results.map(({ workload }) => workload.label)));
  for (const label of labels) lines.push('', ...table(report, label));
  return `${lines.join('\n')}\n`;
}

function table({ engines }: Report, label: string): string[] {
  const rows = engines.flatMap(({ name, results }) =>
    results.filter(({ workload }) => workload.label === label).map((result) => ({ name, result })),
  );
  const [first] = rows;
  return [
    `${label}: ${first === undefined ? '' : describe(first.result.workload)}`,
    '',
    '| engine | processes × threads, batch, cache, attention | tokens/s min / median / max | rzero ÷ engine | peak memory | others, cores |',
    '|---|---|---|---|---|---|',
    ...rows.map(({ name, result }) => {
      const { settings, tokensPerSecond, rzeroRatio, peakMemoryBytes, foreignCores } = result;
      const cells = [
        name,
        `${settings.processes} × ${settings.threads}, ${settings.batch}, ${settings.cache}, ${settings.attention}`,
        range(tokensPerSecond, (x) => (x < 100 ? x.toFixed(1) : x.toFixed(0))),
        rzeroRatio === null ? '' : range(rzeroRatio, (x) => x.toFixed(2)),
        `${(peakMemoryBytes / 2 ** 20).toFixed(0)} MiB`,
        foreignCores.toFixed(1),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

const range = ({ min, median, max }: Spread, format: (x: number) => string): string =>
  [min, median, max].map(format).join(' / ');

function describe(workload: Workload): string {
  const { task, promptCount, promptLength, samples, newTokens, trainSequences, trainLength } = workload;
  return task === 'decode'
    ? `${promptCount} prompts of ${promptLength} tokens × ${samples} samples, ${newTokens} new tokens each`
    : `steps of ${trainSequences} sequences × ${trainLength} tokens, forward, backward and AdamW`;
}
