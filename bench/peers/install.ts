import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Peers from the npm registry, each in a folder of its own: they are no dependencies of rzero. Nothing but the packages
 *  is fetched: install scripts do not run, and llama.cpp comes as a prebuilt package. */
export interface NpmPeer {
  readonly folder: string;
  /** The first is the one whose version is reported. */
  readonly packages: readonly string[];
  readonly omitOptional: boolean;
}

/** Installs what is not there, and returns the version; or why there is none. */
export function install({
  folder,
  packages,
  omitOptional,
}: NpmPeer): { readonly version: string } | { readonly absent: string } {
  const main = nameOf(packages[0] ?? '');
  if (!existsSync(manifest(folder, main))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    writeFileSync(
      join(folder, '.npmrc'),
      'onnxruntime-node-install=skip\nignore-scripts=true\nfund=false\naudit=false\n',
    );
    const omit = omitOptional ? ['--omit=optional', '--omit=peer'] : [];
    const npm = spawnSync('npm', ['install', ...omit, ...packages], { cwd: folder, encoding: 'utf8' });
    if (npm.status !== 0)
      return {
        absent: `"npm install ${packages.join(' ')}" in ${folder} failed: ${npm.stderr.trim().split('\n').at(-1) ?? npm.error?.message}`,
      };
  }
  const { version } = JSON.parse(readFileSync(manifest(folder, main), 'utf8')) as { version: string };
  return { version };
}

/** A package's name without the version that may follow it. */
const nameOf = (wanted: string): string => wanted.replace(/(?<=.)@.*$/, '');
const manifest = (folder: string, name: string): string => join(folder, 'node_modules', name, 'package.json');

const PYTHON = '/usr/bin/python3';

/** PyTorch where Debian's python3 has it. */
export function pytorch(): { readonly version: string; readonly python: string } | { readonly absent: string } {
  const probe = spawnSync(PYTHON, ['-c', 'import numpy, torch; print(torch.__version__)'], { encoding: 'utf8' });
  if (probe.status === 0) return { version: probe.stdout.trim(), python: PYTHON };
  return {
    absent: `${PYTHON} has no torch and numpy; on Debian: apt-get install python3-torch python3-numpy libopenblas0-pthread`,
  };
}
