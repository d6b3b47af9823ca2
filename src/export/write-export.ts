import { lstatSync, readFileSync, renameSync, rmSync, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CheckpointError, Interrupted, RzeroError, UsageError } from '../errors.js';
import { foreignEntry } from './checkpoint-folder.js';
import type { ExportFile } from './export-file.js';
import { CARD_MARK } from './model-card.js';

/**
 * Exports on the disk. Rules:
 * - what stands under its name is whole: it is written aside, synced and renamed;
 * - what fails or is stopped leaves nothing behind;
 * - only what an export made is ever replaced.
 */
export interface Writing {
  /** Aborted, it ends the writing between two chunks. */
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

/** Checks that a folder can be written under this name: nothing is there, or, to be replaced, another export.
 *  @throws UsageError where it can't. */
export function checkFolder(folder: string, replace: boolean): void {
  const found = existing(folder);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new UsageError(`${folder} is there and is not a folder; name another with --out`);
  if (!replace) throw new UsageError(`${folder} is there already; --force replaces it where it is an export`);
  if (!isMarked(join(folder, 'README.md')))
    throw new UsageError(`${folder} has no model card of rzero export, so --force does not replace it`);
  const foreign = foreignEntry(folder);
  if (foreign !== null)
    throw new UsageError(`${folder} has ${foreign}, which no export writes, so --force does not replace it`);
}

/** Checks that a file can be written under this name. @throws UsageError where it can't. */
export function checkFile(file: string, replace: boolean): void {
  const found = existing(file);
  if (found === undefined) return;
  if (!found.isFile()) throw new UsageError(`${file} is there and is not a file; name another with --out`);
  if (!replace) throw new UsageError(`${file} is there already; --force replaces it`);
  if (file.endsWith('.md') && !isMarked(file))
    throw new UsageError(`${file} was not written by rzero export, so --force does not replace it`);
}

function existing(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Writes a folder with these files. @throws CheckpointError where it can't be written. */
export async function writeFolder(folder: string, files: readonly ExportFile[], writing: Writing): Promise<void> {
  const aside = `${folder}.${process.pid}.tmp`;
  await guarded(folder, aside, async () => {
    await mkdir(aside);
    for (const file of files) {
      const path = join(aside, file.path);
      await makeFolders(dirname(path));
      await writeChunks(path, file, writing);
    }
    putInPlace(aside, folder);
  });
}

/** Writes one file to `path`. @throws CheckpointError where it can't be written. */
export async function writeFile(path: string, file: ExportFile, writing: Writing): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  await guarded(path, aside, async () => {
    await writeChunks(aside, file, writing);
    renameSync(aside, path);
  });
}

async function guarded(name: string, aside: string, write: () => Promise<void>): Promise<void> {
  const clear = (): void => rmSync(aside, { recursive: true, force: true });
  try {
    await makeFolders(dirname(name));
    clear(); // what a killed process of the same number left
    try {
      await write();
    } catch (cause) {
      clear();
      throw cause;
    }
  } catch (cause) {
    throw cause instanceof RzeroError ? cause : unwritable(name, cause);
  }
}

/** Node's own recursive mkdir never comes back from a folder in which nothing can be made and that says ENOENT, as /proc. */
async function makeFolders(folder: string): Promise<void> {
  if (existing(folder) !== undefined) return;
  await makeFolders(dirname(folder));
  await mkdir(folder);
}

async function writeChunks(path: string, file: ExportFile, { signal, onBytes }: Writing): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for (const chunk of file.chunks()) {
      if (signal.aborted) throw new Interrupted('the export was stopped, and nothing of it is left');
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
  if (existing(folder) === undefined) {
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
  return existing(file)?.isFile() === true && readFileSync(file, 'utf8').includes(CARD_MARK);
}

const MENDS: Readonly<Record<string, string>> = {
  EACCES: 'its folder may not be written to',
  EPERM: 'its folder may not be written to',
  EROFS: 'its disk is read-only',
  EISDIR: 'a folder is there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  ENOTDIR: 'a part of its path is a file and not a folder',
};

function unwritable(name: string, cause: unknown): CheckpointError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new CheckpointError(
    `${name} could not be written: ${MENDS[code] ?? 'its path does not work'}; name another with --out`,
    {
      cause,
    },
  );
}
