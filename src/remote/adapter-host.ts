import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ServerError } from '../errors.js';
import type { CompletionServer } from './completion-server.js';
import { nameOf } from './exchange.js';
import { Refusal } from './refusal.js';

/**
 * The newest adapters of one policy, loaded at a vLLM server. Rules:
 * - an adapter's name is of its content: the same weights, after a resume or a second try, are the same model there;
 * - a folder is written before the server hears of it, and deleted after the server has let it go;
 * - the newest two stay loaded, so that what the one before was asked for can come to its end.
 */
const KEPT = 2;

/** Writes adapters as a PEFT folder. */
export type WriteAdapters = (folder: string, adapters: Float32Array) => void;

export class AdapterHost {
  /** Names, the newest last; what a run left there before it was killed comes first. */
  private readonly loaded: string[];
  private newest: { readonly adapters: Float32Array; readonly name: Promise<string> } | null = null;

  constructor(
    private readonly server: CompletionServer,
    /** A folder that the server reads under the same path. */
    private readonly folder: string,
    /** What the names begin with. */
    private readonly prefix: string,
    private readonly write: WriteAdapters,
  ) {
    this.loaded = server.adapters.filter((name) => name.startsWith(`${prefix}-`));
  }

  /** The name under which the server has these adapters, loaded where they are not the newest ones already.
   *  @throws ServerError where the server does not load them; CheckpointError where they can't be written. */
  nameOf(adapters: Float32Array, signal: AbortSignal): Promise<string> {
    if (this.newest?.adapters === adapters) return this.newest.name;
    const name = this.load(adapters, signal);
    const made = { adapters, name };
    this.newest = made;
    name.catch(() => {
      if (this.newest === made) this.newest = null; // the next one to ask tries again
    });
    return name;
  }

  private async load(adapters: Float32Array, signal: AbortSignal): Promise<string> {
    const bytes = new Uint8Array(adapters.buffer, adapters.byteOffset, adapters.byteLength);
    const name = `${this.prefix}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
    const earlier = this.loaded.indexOf(name);
    if (earlier >= 0) this.loaded.splice(earlier, 1);
    else await this.send(name, adapters, signal);
    this.loaded.push(name);
    for (const old of this.loaded.splice(0, this.loaded.length - KEPT)) await this.unload(old, signal);
    return name;
  }

  private async send(name: string, adapters: Float32Array, signal: AbortSignal): Promise<void> {
    const path = resolve(join(this.folder, name));
    this.write(path, adapters);
    try {
      await this.server.post('/load_lora_adapter', { lora_name: name, lora_path: path }, signal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!/already been loaded/.test(error.said)) throw this.explained(error, path);
    }
  }

  private async unload(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.server.post('/unload_lora_adapter', { lora_name: name }, signal);
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error; // it has forgotten it by itself
    }
    rmSync(join(this.folder, name), { recursive: true, force: true });
  }

  private explained(refusal: Refusal, path: string): ServerError {
    const { place } = this.server;
    if (refusal.status === 404 && !/adapter/i.test(refusal.said)) {
      return new ServerError(
        `${nameOf(place)} loads no adapters; start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True`,
        { cause: refusal },
      );
    }
    return new ServerError(
      `${nameOf(place)} does not load the adapter in ${path}: ${refusal.said || `status ${refusal.status}`}`,
      { cause: refusal },
    );
  }
}
