import { Option } from 'commander';
import { wholeNumber } from '../options.js';

/** The flags of a command whose run can be watched in the browser. */
export interface PageFlags {
  readonly dashboard?: true;
  /** True for our own page. */
  readonly inspect?: true | 'page' | 'stately';
  readonly host: string;
  readonly port?: number;
  readonly open: boolean;
}

export const pageOptions = (): readonly Option[] => [
  new Option('--dashboard', 'serve a page about the run while it goes on; rzero dashboard serves it at any time'),
  new Option(
    '--inspect [viewer]',
    "show every actor live in the browser: on our own page, or in Stately's inspector, which needs a network",
  ).choices(['page', 'stately']),
  ...placeOptions(),
];

/** Where pages are served. */
export const placeOptions = (): readonly Option[] => [
  new Option('--port <n>', 'the port of the page (default: 4477, or a free one where that is taken)').argParser(
    wholeNumber(0, 65_535),
  ),
  new Option(
    '--host <address>',
    'the address to listen on; anything but this machine alone asks visitors for a token',
  ).default('127.0.0.1'),
  new Option('--no-open', 'do not open the browser'),
];
