import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Agreed, Job, Measured } from './job.js';

/** A worker program: what is run, with the job's file as last argument. */
export type Program = readonly [command: string, ...args: string[]];

/** One measurement of one engine: its processes load and warm up, then begin together. */
export interface Measurement {
  readonly tokensPerSecond: number;
  readonly peakMemoryBytes: number;
  /** Cores that were busy meanwhile with something else than the engine: above some tenths, measure again. */
  readonly foreignCores: number;
}

/** @throws Error when a process fails, or takes longer than `limitMs` in all. */
export async function measure(program: Program, job: Job, limitMs: number): Promise<Measurement> {
  const workers = split(job).map((part) => start(program, part, limitMs));
  try {
    await Promise.all(workers.map((worker) => worker.line()));
    const [before, at] = [busySeconds(), performance.now()];
    for (const worker of workers) worker.go();
    const parts = (await Promise.all(workers.map((worker) => worker.line()))).map(
      (line) => JSON.parse(line) as Measured,
    );
    const own = parts.reduce((sum, part) => sum + part.cpuSeconds, 0);
    const seconds = (performance.now() - at) / 1000;
    return {
      tokensPerSecond: parts.reduce((sum, part) => sum + part.tokens / part.seconds, 0),
      peakMemoryBytes: parts.reduce((sum, part) => sum + part.peakMemoryBytes, 0),
      foreignCores: Math.max(0, (busySeconds() - before - own) / seconds),
    };
  } finally {
    for (const worker of workers) worker.end();
  }
}

/** @throws Error as {@link measure} does. */
export async function agree(program: Program, job: Job, limitMs: number): Promise<Agreed> {
  const worker = start(program, job, limitMs);
  try {
    return JSON.parse(await worker.line()) as Agreed;
  } finally {
    worker.end();
  }
}

/** The job's prompts and sequences in equal parts, one for each process. */
function split(job: Job): Job[] {
  const { processes } = job.settings;
  const part = <T>(items: readonly T[], i: number): T[] =>
    items.slice(Math.floor((i * items.length) / processes), Math.floor(((i + 1) * items.length) / processes));
  return Array.from({ length: processes }, (_, i) => ({
    ...job,
    prompts: part(job.prompts, i),
    sequences: part(job.sequences, i),
    advantages: part(job.advantages, i),
  }));
}

interface Worker {
  /** The next line that the worker prints. @throws Error with the end of its error output, when it ends before. */
  line(): Promise<string>;
  go(): void;
  end(): void;
}

function start([command, ...args]: Program, job: Job, limitMs: number): Worker {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-peers-'));
  const file = join(folder, 'job.json');
  writeFileSync(file, JSON.stringify(job));
  const threads = `${job.settings.threads}`;
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(command, [...args, file], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      OMP_NUM_THREADS: threads,
      OPENBLAS_NUM_THREADS: threads, // its own default is all cores, whatever PyTorch is told
      ORT_DISABLE_TELEMETRY: '1',
      NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true',
    },
  });
  const lines: string[] = [];
  let [rest, errors, ended, notify] = ['', '', false, (): void => {}];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.filter((line) => line === 'ready' || line.startsWith('{'))); // libraries print too
    notify();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  child.stdin.on('error', () => {}); // a worker that ended early is told by its missing line
  child.on('error', (error) => {
    errors += error.message;
    ended = true;
    notify();
  });
  child.on('close', () => {
    ended = true;
    notify();
  });
  const timer = setTimeout(() => {
    errors = `took longer than ${limitMs / 1000} s`;
    child.kill('SIGKILL');
  }, limitMs);
  return {
    line: async () => {
      while (lines.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      const line = lines.shift();
      if (line === undefined) throw new Error(lastWords(errors));
      return line;
    },
    go: () => {
      child.stdin.write('go\n');
    },
    end: () => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The line that tells what went wrong: the last that names an error, or the last at all. */
function lastWords(errors: string): string {
  const lines = errors.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'it ended without a word';
}

/** Seconds that all cores together have been busy since the machine started; without programs that give way to others. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.sys + times.irq, 0) / 1000;
}
