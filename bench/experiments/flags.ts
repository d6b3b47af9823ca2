import { availableParallelism, cpus } from 'node:os';
import type { ParseArgsConfig } from 'node:util';
import { usualPreset } from '../../actors/model.js';
import { readVersion } from '../../bin/version.js';
import { UsageError } from '../../src/errors.js';

/** What every experiment is asked with. */
export interface ExperimentFlags {
  readonly seeds: readonly number[];
  readonly model: string;
  readonly preset: string;
  readonly items: number;
  readonly iterations: number;
  /** The Markdown file of the table; the chart stands beside it. */
  readonly out: string;
  /** Where the runs' databases are, for all experiments. */
  readonly folder: string;
  /** Take runs that are there, made with the same settings, instead of making them again. */
  readonly reuse: boolean;
  readonly set: readonly string[];
}

/** The flags of every experiment, for `parseArgs`. */
export const COMMON_FLAGS = {
  seeds: { type: 'string', default: '0,1,2' },
  model: { type: 'string', default: 'tiny' },
  preset: { type: 'string' },
  items: { type: 'string', default: '200' },
  iterations: { type: 'string', default: '3' },
  out: { type: 'string' },
  folder: { type: 'string', default: 'runs/experiments' },
  reuse: { type: 'boolean', default: false },
  set: { type: 'string', multiple: true, default: [] },
} as const satisfies ParseArgsConfig['options'];

/** What `parseArgs` made of {@link COMMON_FLAGS}. */
type FlagValues = Pick<ExperimentFlags, 'model' | 'folder' | 'reuse' | 'set'> &
  Readonly<Record<'seeds' | 'items' | 'iterations', string>> & {
    readonly preset?: string | undefined;
    readonly out?: string | undefined;
  };

/** The flags of the experiment of that name. */
export function experimentFlags(name: string, values: FlagValues): ExperimentFlags {
  const { model, folder, reuse, set } = values;
  return {
    seeds: wholeNumbers('--seeds', values.seeds),
    model,
    preset: values.preset ?? usualPreset(model),
    items: wholeNumber('--items', values.items),
    iterations: wholeNumber('--iterations', values.iterations),
    out: values.out ?? `docs/results/${name}.md`,
    folder,
    reuse,
    set,
  };
}

/** `0,1,2` as numbers. @throws UsageError where one is none. */
export const wholeNumbers = (flag: string, list: string): number[] =>
  list.split(',').map((text) => wholeNumber(flag, text));

/** @throws UsageError for anything but a whole number from 0 on. */
export function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError(`${flag} wants whole numbers, got "${text}"`);
}

/** The line that says how a table was made. `own` are the flags of this experiment alone, as they were given. */
export function madeBy(name: string, flags: ExperimentFlags, own: readonly string[] = []): string {
  const { seeds, items, iterations, model, preset, set } = flags;
  const args = [
    `--seeds ${seeds.join(',')}`,
    `--items ${items}`,
    ...(iterations === Number(COMMON_FLAGS.iterations.default) ? [] : [`--iterations ${iterations}`]),
    ...(model === 'tiny' ? [] : [`--model ${model}`]),
    ...(preset === usualPreset(model) ? [] : [`--preset ${preset}`]),
    ...own,
    ...set.map((each) => `--set ${each}`),
  ];
  return `Made by \`npm run experiment:${name} -- ${args.join(' ')}\` with rzero ${readVersion()}, Node ${process.version}, on ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}).`;
}

/** Tells how far an experiment is. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
