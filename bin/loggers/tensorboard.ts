import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppendFile } from './append-file.js';
import type { LogRecord, LogSink } from './log-record.js';
import { fileVersionEvent, recordEvent } from './tensorboard-events.js';
import { frame, readFrames } from './tfrecord.js';

/** The event file of a run: in a folder of its own, so that TensorBoard shows the runs of a folder side by side. It goes on
 *  where it ends; a record that was cut is written anew.
 *  @throws RzeroError when it can't be written. */
export function openEventFile(folder: string, runId: string): LogSink {
  const own = join(folder, runId);
  mkdirSync(own, { recursive: true });
  const path = join(own, `events.out.tfevents.${runId}`);
  const { records, endByte } = readFrames(existsSync(path) ? readFileSync(path) : Buffer.alloc(0));
  const file = new AppendFile(path, endByte);
  let begun = records.length > 0;
  return {
    recordCount: Math.max(0, records.length - 1), // the first says the version
    write(record: LogRecord) {
      if (!begun) file.append(frame(fileVersionEvent(record.wallTime)));
      begun = true;
      file.append(frame(recordEvent(record)));
    },
    close: () => file.close(),
  };
}
