import { Option } from 'commander';
import { wholeNumber } from '../options.js';

/** The flags of a command whose run can be watched. */
export interface InspectFlags {
  /** True for our own page. */
  readonly inspect?: true | 'page' | 'stately';
  readonly host: string;
  readonly port?: number;
  readonly open: boolean;
}

export const inspectOptions = (): readonly Option[] => [
  new Option(
    '--inspect [viewer]',
    "show every actor live in the browser: on our own page, or in Stately's inspector, which needs a network",
  ).choices(['page', 'stately']),
  new Option(
    '--host <address>',
    'where --inspect listens; anything but this machine alone asks visitors for a token',
  ).default('127.0.0.1'),
  new Option('--port <n>', 'the port of --inspect (default: 4477, or a free one where that is taken)').argParser(
    wholeNumber(0),
  ),
  new Option('--no-open', '--inspect does not open the browser'),
];
