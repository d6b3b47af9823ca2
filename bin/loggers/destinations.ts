import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../src/errors.js';
import { readLog } from './jsonl.js';

/** Where logs go: `--log`. */

const KINDS = ['jsonl', 'tensorboard'] as const;

/** One log of a run: a file of JSON lines, or a folder of TensorBoard's event files. */
export interface LogDestination {
  readonly kind: (typeof KINDS)[number];
  readonly place: string;
}

export const logOption = (): Option =>
  new Option(
    '--log <kind:place>',
    'also log metrics to jsonl:FILE or tensorboard:DIR; may be given several times (docs/logging.md)',
  )
    .argParser((text: string, previous: readonly LogDestination[] = []) => [...previous, parseDestination(text)])
    .default([], 'none');

/** `--log` as it was given. */
export const nameOf = ({ kind, place }: LogDestination): string => `--log ${kind}:${place}`;

function parseDestination(text: string): LogDestination {
  const kind = KINDS.find((each) => text.startsWith(`${each}:`));
  const place = kind === undefined ? '' : text.slice(kind.length + 1);
  if (kind === undefined || place === '') throw new InvalidArgumentError('Expected jsonl:FILE or tensorboard:DIR');
  return { kind, place };
}

/** Looks at where logs are to go, before a run starts; it makes nothing.
 *  @throws UsageError for a place that can't be written, that holds something else, or that is named twice. */
export function requireWritable(destinations: readonly LogDestination[]): void {
  destinations.forEach((destination, i) => {
    const { kind, place } = destination;
    const earlier = destinations.slice(0, i);
    if (earlier.some((other) => other.kind === kind && resolve(other.place) === resolve(place)))
      throw new UsageError(`${nameOf(destination)} is named twice; once is enough`);
    REQUIRED[kind](destination);
  });
}

const REQUIRED = { jsonl: requireFile, tensorboard: requireFolder } as const;

function requireFile(destination: LogDestination): void {
  const { place } = destination;
  if (!existsSync(place)) {
    const folder = dirname(resolve(place));
    if (!existsSync(folder))
      throw new UsageError(`${nameOf(destination)}: there is no folder ${folder}; make it first`);
    requireWriteAccess(destination, folder);
    return;
  }
  if (!statSync(place).isFile()) throw new UsageError(`${nameOf(destination)}: not a file; name a file to append to`);
  requireWriteAccess(destination, place);
  readLog(place);
}

/** The folder is made when the run begins, in the nearest one that is there. */
function requireFolder(destination: LogDestination): void {
  let nearest = resolve(destination.place);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory())
    throw new UsageError(`${nameOf(destination)}: ${nearest} is not a folder; event files go into one`);
  requireWriteAccess(destination, nearest);
}

function requireWriteAccess(destination: LogDestination, path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new UsageError(`${nameOf(destination)}: ${path} can't be written`, { cause });
  }
}
