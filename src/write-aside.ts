import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { CheckpointError } from './errors.js';

/** Takes the next bytes of a file. */
export type Append = (bytes: Uint8Array) => void;

/** Writes a file aside and renames it, so that one under its name is whole. `write` is given the bytes' sink.
 *  @throws CheckpointError where the file can't be written. */
export function writeAside(file: string, write: (append: Append) => void): void {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(aside, 'w');
    try {
      write((bytes) => writeAll(descriptor, bytes));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, file);
  } catch (cause) {
    rmSync(aside, { force: true });
    throw new CheckpointError(`${file} could not be written`, { cause });
  }
}

/** One call of write(2) takes 2 GB at most, and may take less. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30));
  }
}
