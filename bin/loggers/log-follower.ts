import { NOBODY } from '../../actors/follower.js';
import type { Reader } from '../../storage/connection.js';
import { openReader } from '../../storage/database.js';
import type { NamedFollower } from '../followers.js';
import { type LogDestination, nameOf } from './destinations.js';
import { openJsonLines } from './jsonl.js';
import type { LogSink } from './log-record.js';
import { RunRecords } from './run-records.js';

/** Keeps a log of a run. It holds a beginning of the run's records, so what it lacks when the run goes on, or all where it is
 *  new, is added first. */
export async function logFollower(databaseFile: string, destination: LogDestination): Promise<NamedFollower> {
  const open = await sinkOf(destination);
  let log: { readonly db: Reader; readonly records: RunRecords; readonly sink: LogSink } | null = null;
  const writeNext = (): void => {
    if (log === null) return;
    for (const record of log.records.next()) log.sink.write(record);
  };
  return {
    ...NOBODY,
    name: nameOf(destination),
    onBegin: (runId) => {
      const sink = open(runId);
      const db = openReader(databaseFile);
      log = { db, sink, records: new RunRecords(db, runId, sink.recordCount) };
      writeNext();
    },
    onFact: writeNext,
    close: () => {
      log?.sink.close();
      log?.db.close();
    },
  };
}

/** How a log is opened; what it needs is loaded now, and only for its kind. */
async function sinkOf({ kind, place }: LogDestination): Promise<(runId: string) => LogSink> {
  switch (kind) {
    case 'jsonl':
      return (runId) => openJsonLines(place, runId);
    case 'tensorboard': {
      const { openEventFile } = await import('./tensorboard.js');
      return (runId) => openEventFile(place, runId);
    }
  }
}
