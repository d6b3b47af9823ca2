import type { RunConfig } from '../../src/config.js';

/** What a log says of one moment of a run. */
export interface LogRecord {
  readonly runId: string;
  /** Seconds since the Unix epoch, when it was committed. */
  readonly wallTime: number;
  /** Updates of either policy that the run has made: it never goes back. */
  readonly step: number;
  readonly iteration: number;
  readonly scalars: Readonly<Record<string, number>>;
  /** Values, all of which are told. */
  readonly histograms: Readonly<Record<string, readonly number[]>>;
  /** The settings of the run, in its first record; null in the others. */
  readonly config: RunConfig | null;
}

/** Where the records of one run go. */
export interface LogSink {
  /** Records of the run that are there already: the first ones. */
  readonly recordCount: number;
  /** @throws RzeroError when it can't be written. */
  readonly write: (record: LogRecord) => void;
  readonly close: () => void;
}
