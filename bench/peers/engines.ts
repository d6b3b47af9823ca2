import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, pytorch } from './install.js';
import type { Settings, TaskKind } from './job.js';
import type { Program } from './processes.js';
import type { Workload } from './workload.js';

/** The engines that are compared: how each is had, run, and set. */
export interface EngineEntry {
  readonly name: string;
  readonly tasks: readonly TaskKind[];
  /** Whether it takes models of more than 1 GB here. */
  readonly large: boolean;
  readonly find: (folder: string) => Found | { readonly absent: string };
  /** What the search for its best setting tries; one is no search. */
  readonly candidates: (workload: Workload, cores: number) => readonly Settings[];
}
export interface Found {
  readonly version: string;
  readonly folder: string;
  readonly program: Program;
}

const nodeWorker = (name: string): Program => [
  process.execPath,
  fileURLToPath(new URL(`./${name}-worker.js`, import.meta.url)),
];
const sequencesOf = ({ task, promptCount, samples, trainSequences }: Workload): number =>
  task === 'train' ? trainSequences : promptCount * samples;

export const RZERO: EngineEntry = {
  name: 'rzero',
  tasks: ['agree', 'decode', 'train'],
  large: true,
  find: (folder) => ({ version: 'this tree', folder, program: nodeWorker('rzero') }),
  // A large model has one worker of all threads, as each worker holds the weights; a small one a worker for each core.
  candidates: ({ large }, cores) => [
    { processes: 1, threads: large ? cores : 1, batch: large ? 1 : cores, cache: 'F32', attention: 'plain' },
  ],
};

export const PEERS: readonly EngineEntry[] = [
  {
    name: 'PyTorch',
    tasks: ['agree', 'decode', 'train'],
    large: false,
    find: (folder) => {
      const found = pytorch();
      if ('absent' in found) return found;
      // The script stands beside this file's source: the compiler does not copy it.
      const script = fileURLToPath(new URL('../../../bench/peers/pytorch.py', import.meta.url));
      return { version: found.version, folder, program: [found.python, script] };
    },
    candidates: (workload, cores) => [
      { processes: cores, threads: 1, batch: sequencesOf(workload) / cores, cache: 'F32', attention: 'plain' },
      { processes: 1, threads: cores, batch: sequencesOf(workload), cache: 'F32', attention: 'plain' },
    ],
  },
  {
    name: 'llama.cpp',
    tasks: ['agree', 'decode'],
    large: true,
    find: (folder) => {
      const packages = ['node-llama-cpp', `@node-llama-cpp/${process.platform}-${process.arch}`];
      const own = join(folder, 'llama.cpp');
      const found = install({ folder: own, packages, omitOptional: true });
      return 'absent' in found ? found : { ...found, folder: own, program: nodeWorker('llama-cpp') };
    },
    candidates: (workload, cores) => {
      const all = sequencesOf(workload);
      if (workload.large)
        return (['flash', 'plain'] as const).map((attention) => ({
          processes: 1,
          threads: cores,
          batch: all,
          cache: 'F16',
          attention,
        }));
      const within = (batches: readonly number[], most: number) => batches.filter((batch) => batch <= most);
      return [
        ...within([16, 64, 128], all / cores).map(
          (batch) => ({ processes: cores, threads: 1, batch, cache: 'F16', attention: 'flash' }) as const,
        ),
        ...within([64, 256], all).map(
          (batch) => ({ processes: 1, threads: cores, batch, cache: 'F16', attention: 'flash' }) as const,
        ),
        { processes: cores, threads: 1, batch: Math.min(64, all / cores), cache: 'F16', attention: 'plain' },
        { processes: cores, threads: 1, batch: Math.min(64, all / cores), cache: 'F32', attention: 'plain' },
      ];
    },
  },
  {
    name: 'transformers.js',
    tasks: ['agree', 'decode'],
    large: false,
    find: (folder) => {
      const own = join(folder, 'transformers.js');
      const found = install({ folder: own, packages: ['@huggingface/transformers'], omitOptional: false });
      return 'absent' in found ? found : { ...found, folder: own, program: nodeWorker('transformers') };
    },
    candidates: (workload, cores) => {
      const all = sequencesOf(workload);
      return [
        { processes: cores, threads: 1, batch: Math.min(32, all / cores), cache: 'F32', attention: 'plain' },
        { processes: cores, threads: 1, batch: all / cores, cache: 'F32', attention: 'plain' },
        { processes: 1, threads: cores, batch: Math.min(64, all), cache: 'F32', attention: 'plain' },
        { processes: 1, threads: cores, batch: all, cache: 'F32', attention: 'plain' },
      ];
    },
  },
];
