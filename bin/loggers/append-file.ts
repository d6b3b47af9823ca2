import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { RzeroError } from '../../src/errors.js';

/** A file that grows record by record. A record that a full disk cut is cut off when the file is next opened. */
export class AppendFile {
  private readonly handle: number;

  /** Opens the file, or makes it, and cuts off what stands behind its first `keptBytes`.
   *  @throws RzeroError when it can't be. */
  constructor(
    private readonly path: string,
    keptBytes: number,
  ) {
    this.handle = this.attempt(() => openSync(path, 'a'));
    this.attempt(() => ftruncateSync(this.handle, keptBytes));
  }

  /** @throws RzeroError when not all of it could be written. */
  append(bytes: Uint8Array): void {
    this.attempt(() => {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.handle, bytes, written);
    });
  }

  close(): void {
    closeSync(this.handle);
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new RzeroError(`${this.path} can't be written`, { cause });
    }
  }
}
