import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../src/errors.js';

/** Where benchmarks are downloaded from and kept: by flag, else by the environment as other tools read it.
 *  @throws UsageError for an address that is none. */
export function hubPlace(flags: { readonly hub?: string; readonly cache?: string }): {
  readonly hub: string;
  readonly cacheFolder: string;
} {
  const hub = flags.hub ?? (process.env['HF_ENDPOINT'] || 'https://huggingface.co');
  if (!/^https?:\/\/[^/]/.test(hub) || !URL.canParse(hub))
    throw new UsageError(`the hub wants an http address, got "${hub}" (for example --hub https://huggingface.co)`);
  return { hub, cacheFolder: flags.cache ?? join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'rzero') };
}
