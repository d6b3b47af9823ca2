import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Agreed, Job, Measured } from './job.js';

/**
 * The frame of a worker program: the job's file is its argument; it loads, warms up, prints `ready`, and begins the
 * measured part when a line comes in, so that several processes of one peer begin together.
 */

export interface Engine {
  agree(job: Job): Promise<Agreed>;
  /** One decoding of the workload, and the number of its new tokens. */
  decode(job: Job): Promise<number>;
  /** One optimiser step, and the number of tokens trained on. */
  train(job: Job): Promise<number>;
}

export async function serve(load: (job: Job) => Promise<Engine>): Promise<void> {
  const job = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Job;
  const engine = await load(job);
  const answer = job.task === 'agree' ? await engine.agree(job) : await measured(engine, job, job.task);
  // Some engines keep handles open, and tear-down is not what is measured.
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
}

async function measured(engine: Engine, job: Job, task: 'decode' | 'train'): Promise<Measured> {
  await engine[task](job);
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write('ready\n');
  await lines.next();
  const [start, before] = [performance.now(), process.cpuUsage()];
  let tokens = 0;
  let seconds = 0;
  do {
    tokens += await engine[task](job);
    seconds = (performance.now() - start) / 1000;
  } while (seconds < job.seconds);
  const cpu = process.cpuUsage(before);
  const cpuSeconds = (cpu.user + cpu.system) / 1e6;
  return { tokens, seconds, cpuSeconds, peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
}

/** log softmax of `scores` at `token`. */
export function logprobOf(scores: ArrayLike<number>, token: number): number {
  let [largest, sum] = [Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < scores.length; i++) largest = Math.max(largest, scores[i] as number);
  for (let i = 0; i < scores.length; i++) sum += Math.exp((scores[i] as number) - largest);
  return (scores[token] as number) - largest - Math.log(sum);
}
