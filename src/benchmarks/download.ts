import { createHash, type Hash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BenchmarkFileError, Interrupted, RzeroError, ServerError } from '../errors.js';
import type { HubFile } from './hub-files.js';

/**
 * A file of the hub in the cache. Rules:
 * - a file under its name is whole and was checked: it is written aside and renamed;
 * - what was cut, or is not what was pinned, is not kept;
 * - a server that sends nothing for a minute, or more than any benchmark has, is left.
 */

export interface DownloadSettings {
  /** Where the hub is: https://huggingface.co, a mirror, or a server of one's own. */
  readonly hub: string;
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  /** Bytes so far and in all; the latter is null where the server does not tell. */
  readonly onProgress: (doneBytes: number, totalBytes: number | null) => void;
}

const MAX_BYTES = 256 * 1024 * 1024;
const SILENCE_MS = 60_000;
const MAX_HOPS = 5;

/** The path of a file in the cache, downloaded where it is not there yet.
 *  @throws ServerError when the hub can't be reached or does not have it; BenchmarkFileError when what came is not what was
 *  meant, or can't be written; Interrupted when the signal is aborted. */
export async function cachedFile(file: HubFile, settings: DownloadSettings): Promise<string> {
  const { repository, revision, path, sha256 } = file;
  const target = join(settings.cacheFolder, repository.replace('/', '--'), revision, path);
  if (existsSync(target)) {
    if (sha256 === null || (await sha256Of(target)) === sha256) return target;
    throw new BenchmarkFileError(
      `${target} has been changed since it was downloaded (its SHA-256 is not ${sha256}); delete it to download it anew`,
      { details: { file: target } },
    );
  }
  const aside = `${target}.${process.pid}-${randomBytes(3).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await download(file, settings, aside);
    await rename(aside, target);
  } catch (cause) {
    await rm(aside, { force: true });
    if (cause instanceof RzeroError) throw cause;
    throw new BenchmarkFileError(`${target} could not be written; name another folder with --cache`, {
      cause,
      details: { file: target },
    });
  }
  return target;
}

async function download(file: HubFile, settings: DownloadSettings, aside: string): Promise<void> {
  const { repository, revision, path } = file;
  const hub = settings.hub.replace(/\/+$/, '');
  const address = `${hub}/datasets/${repository}/resolve/${encodeURIComponent(revision)}/${path}`;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const signal = AbortSignal.any([settings.signal, silence.signal]);
  const handle = await open(aside, 'wx');
  try {
    const { response, promise } = await answerOf(address, signal);
    await receive(response, promise, handle, address, settings, () => timer.refresh(), file.sha256);
    await handle.sync();
  } catch (cause) {
    if (settings.signal.aborted) throw new Interrupted('stopped before the download was complete', { cause });
    if (silence.signal.aborted)
      throw new ServerError(`${address} sent nothing for ${SILENCE_MS / 1000} s; try again later`, { cause });
    throw cause;
  } finally {
    clearTimeout(timer);
    await handle.close();
  }
}

/** What the hub says of a file before it sends it: the SHA-256 of a large one, the git object's SHA-1 of a small one. */
interface Promised {
  readonly sizeBytes: number | null;
  readonly checksum: string | null;
}

/** The hub's answer after its redirections, the first of which tells the checksum. */
async function answerOf(
  address: string,
  signal: AbortSignal,
): Promise<{ readonly response: Response; readonly promise: Promised }> {
  let url = address;
  let checksum: string | null = null;
  for (let hop = 0; hop <= MAX_HOPS; hop++) {
    const response = await fetched(url, signal);
    checksum ??= checksumOf(response.headers.get('x-linked-etag') ?? (hop === 0 ? response.headers.get('etag') : null));
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      url = new URL(location, url).href;
      if (!/^https?:/.test(url)) break;
      continue;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new ServerError(refusal(address, response.status));
    }
    // With a content encoding, the length would be that of what is packed.
    const length = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
    return { response, promise: { sizeBytes: length === null ? null : Number(length), checksum } };
  }
  throw new ServerError(`${address} sends on from one address to another without end; name another hub with --hub`);
}

async function fetched(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', signal, headers: { 'accept-encoding': 'identity' } });
  } catch (cause) {
    const { origin } = new URL(url);
    throw new ServerError(`${origin} can't be reached; bring the file as NAME=FILE, or name another hub with --hub`, {
      cause,
    });
  }
}

function refusal(address: string, status: number): string {
  if (status === 404) return `the hub has no ${address}; bring the file as NAME=FILE`;
  if (status === 401 || status === 403) return `the hub gives ${address} to nobody without a key (${status})`;
  if (status === 429) return `the hub has been asked too often (429); try again later`;
  return `the hub answers ${address} with ${status}; try again later, or bring the file as NAME=FILE`;
}

const checksumOf = (etag: string | null): string | null =>
  /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/.exec(etag ?? '')?.[1] ?? null;

/** Writes what comes, and compares it with what was promised and with what is pinned. */
async function receive(
  response: Response,
  { sizeBytes, checksum }: Promised,
  handle: FileHandle,
  address: string,
  { onProgress }: DownloadSettings,
  heard: () => void,
  pinned: string | null,
): Promise<void> {
  const sha256 = createHash('sha256');
  const chunks: Buffer[] = []; // git's checksum has the size ahead, which may not be known before the end
  let done = 0;
  try {
    for await (const part of response.body ?? []) {
      const chunk = Buffer.from(part as Uint8Array);
      heard();
      done += chunk.length;
      if (done > MAX_BYTES) throw new BenchmarkFileError(`${address} has more than ${MAX_BYTES} bytes; it is not kept`);
      sha256.update(chunk);
      if (checksum?.length === 40) chunks.push(chunk);
      await handle.write(chunk);
      onProgress(done, sizeBytes);
    }
  } catch (cause) {
    if (cause instanceof RzeroError) throw cause;
    throw new ServerError(`the connection broke after ${done} bytes of ${address}; what came is not kept, try again`, {
      cause,
    });
  }
  if (sizeBytes !== null && done !== sizeBytes)
    throw new ServerError(`${address} ended after ${done} of ${sizeBytes} bytes; what came is not kept, try again`);
  onProgress(done, done);
  const found = sha256.digest('hex');
  const ofHub = checksum?.length === 40 ? gitChecksum(chunks, done) : found;
  if (pinned !== null ? found !== pinned : checksum !== null && ofHub !== checksum) {
    throw new BenchmarkFileError(
      `${address} is not the file that was expected (SHA-256 ${found}, expected ${pinned ?? checksum}); it is not kept`,
      { details: { sha256: found } },
    );
  }
}

/** The SHA-1 that git gives a file. */
function gitChecksum(chunks: readonly Buffer[], sizeBytes: number): string {
  const hash = createHash('sha1').update(`blob ${sizeBytes}\0`);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

async function sha256Of(file: string): Promise<string> {
  const hash: Hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
