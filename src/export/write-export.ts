import { lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CheckpointError, RzeroError, UsageError } from '../errors.js';
import { isExportedFolder } from './checkpoint-folder.js';
import type { ExportFile } from './export-file.js';
import { CARD_MARK } from './model-card.js';

/**
 * Exports on the disk. Rules:
 * - what stands under its name is whole: it is written aside, synced and renamed;
 * - what fails or is stopped leaves nothing behind;
 * - only what an export made is ever replaced.
 */
export interface Writing {
  /** Aborted between two chunks, the writing ends with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

/** Checks that a folder can be written under this name: nothing is there, or, to be replaced, another export.
 *  @throws UsageError where it can't. */
export function checkFolder(folder: string, replace: boolean): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw new UsageError(`${folder} is there and is not a folder; name another with --out`);
  if (!replace) throw new UsageError(`${folder} is there already; --force replaces it where it is an export`);
  if (!isMarked(join(folder, 'README.md')) || !isExportedFolder(folder))
    throw new UsageError(`${folder} has files that rzero export did not write, so --force does not replace it`);
}

/** Checks that a file can be written under this name. @throws UsageError where it can't. */
export function checkFile(file: string, replace: boolean): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isFile()) throw new UsageError(`${file} is there and is not a file; name another with --out`);
  if (!replace) throw new UsageError(`${file} is there already; --force replaces it`);
  if (file.endsWith('.md') && !isMarked(file))
    throw new UsageError(`${file} was not written by rzero export, so --force does not replace it`);
}

/** Writes a folder with these files. @throws CheckpointError where it can't be written. */
export async function writeFolder(folder: string, files: readonly ExportFile[], writing: Writing): Promise<void> {
  const aside = `${folder}.${process.pid}.tmp`;
  await guarded(folder, aside, async () => {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(aside);
    for (const file of files) {
      const path = join(aside, file.path);
      await mkdir(dirname(path), { recursive: true });
      await writeChunks(path, file, writing);
    }
    putInPlace(aside, folder);
  });
}

/** Writes one file to `path`. @throws CheckpointError where it can't be written. */
export async function writeFile(path: string, file: ExportFile, writing: Writing): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  await guarded(path, aside, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeChunks(aside, file, writing);
    renameSync(aside, path);
  });
}

async function guarded(name: string, aside: string, write: () => Promise<void>): Promise<void> {
  rmSync(aside, { recursive: true, force: true }); // what a killed process of the same number left
  try {
    await write();
  } catch (cause) {
    rmSync(aside, { recursive: true, force: true });
    throw cause instanceof RzeroError ? cause : unwritable(name, cause);
  }
}

async function writeChunks(path: string, file: ExportFile, { signal, onBytes }: Writing): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for (const chunk of file.chunks()) {
      signal.throwIfAborted();
      await writeAll(handle, chunk);
      onBytes(chunk.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** One call of write(2) takes 2 GB at most, and may take less. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30));
    done += bytesWritten;
  }
}

/** A folder can't be renamed over one that has files: the old one steps aside first, and back where that fails. */
function putInPlace(aside: string, folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) {
    renameSync(aside, folder);
    return;
  }
  const old = `${folder}.${process.pid}.old`;
  renameSync(folder, old);
  try {
    renameSync(aside, folder);
  } catch (cause) {
    renameSync(old, folder);
    throw cause;
  }
  rmSync(old, { recursive: true });
}

function isMarked(file: string): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && readFileSync(file, 'utf8').includes(CARD_MARK);
}

const MENDS: Readonly<Record<string, string>> = {
  EACCES: 'its folder may not be written to',
  EPERM: 'its folder may not be written to',
  EROFS: 'its disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  ENOTDIR: 'a part of its path is a file and not a folder',
};

function unwritable(name: string, cause: unknown): CheckpointError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new CheckpointError(
    `${name} could not be written: ${MENDS[code] ?? 'see the cause'}; name another with --out`,
    {
      cause,
    },
  );
}
