import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/lm/checkpoint.js';
import { storedTensors } from '../../src/lm/checkpoint-files.js';
import { initialAdapters } from '../../src/lm/lora.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { shareWeights } from '../../src/policies/state.js';
import { Engine } from '../../src/workers/engine.js';

/**
 * What a model costs whose weights stay in their files, in the precision of each folder: decoding of one sequence and of eight, and
 * a GRPO step of adapters over 4 × 512 tokens with gradient checkpointing; each in a process of its own. The step is the first of
 * its process, so that making its graph is in it.
 *
 *   npm run random-model -- --shape qwen3-0.6b --out runs/f32
 *   ./bin/rzero export --model runs/f32 --format safetensors --dtype bf16 --out runs/bf16
 *   ./bin/rzero quantise --model runs/bf16 --out runs/int4
 *   npm run bench:frozen -- runs/f32 runs/bf16 runs/int4
 */
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    threads: { type: 'string', default: '2' },
    /** Sequences that decode at a time. */
    sequences: { type: 'string', default: '1,8' },
    /** Whether steps are measured; `--no-steps` for decoding alone. */
    steps: { type: 'boolean', default: true },
    /** Set for the process that makes the step of a folder. */
    step: { type: 'boolean', default: false },
  },
});
const [LENGTH, COUNT, PROMPT] = [512, 4, 100];
const SELF = fileURLToPath(import.meta.url);
const MAIN = fileURLToPath(new URL('../../bin/main.js', import.meta.url));

interface Step {
  readonly seconds: number;
  /** Of both threads together: what is left of others' work on the machine. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}
interface Decoded {
  readonly decode: { readonly tokens_per_second: number; readonly share_of_bandwidth: number };
  readonly peak_memory_bytes: number;
}

if (flags.step) process.stdout.write(JSON.stringify(await step(positionals[0] ?? '')));
else report(positionals);

/** Each measurement of all folders in turn, so that what else the machine does is much the same for them. */
function report(folders: readonly string[]): void {
  const counts = flags.sequences.split(',').filter((count) => count !== '');
  const sizes = folders.map((folder) =>
    [...storedTensors(folder).tensors.values()].reduce((sum, { from, to }) => sum + to - from, 0),
  );
  const columns: (readonly string[])[] = [
    ['weights', ...folders.map((folder) => basename(folder))],
    ['files, GB', ...sizes.map(gigabytes)],
  ];
  if (flags.steps) {
    const steps = folders.map((folder) => ofProcess<Step>([SELF, '--step', '--threads', flags.threads, folder]));
    columns.push(
      ['a LoRA step, s', ...steps.map(({ seconds }) => seconds.toFixed(0))],
      ['its CPU time, s', ...steps.map(({ cpuSeconds }) => cpuSeconds.toFixed(0))],
      ['its peak, GB', ...steps.map(({ peakBytes }) => gigabytes(peakBytes))],
    );
  }
  for (const count of counts) {
    const speeds = folders.map((folder) => {
      const settings = ['--sequences', count, '--threads-per-worker', flags.threads, '--json', '--quiet'];
      return ofProcess<Decoded>([MAIN, 'bench', '--model', folder, ...settings]);
    });
    columns.push(
      [`tokens/s, ${count} at a time`, ...speeds.map(({ decode }) => decode.tokens_per_second.toFixed(1))],
      ['its peak, GB', ...speeds.map(({ peak_memory_bytes }) => gigabytes(peak_memory_bytes))],
    );
  }
  const [head = [], ...rows] = [-1, ...folders.keys()].map((row) => columns.map((column) => column[row + 1] ?? ''));
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  process.stdout.write(
    `${flags.threads} threads of ${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}\n\n`,
  );
  process.stdout.write(`${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
}

/** What a process of this program prints. */
function ofProcess<T>(args: readonly string[]): T {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`a measurement failed: ${stderr}`);
  return JSON.parse(stdout) as T;
}

async function step(folder: string): Promise<Step> {
  const base = openCheckpoint(folder);
  const { config } = base;
  const lora = { rank: 16, alpha: 32, targets: [...LORA_TARGETS] };
  const engine = new Engine(config, 'cpu', () => {}, Number(flags.threads));
  const adapters = shareWeights(initialAdapters(config, lora, 1));
  const batch = Array.from({ length: COUNT }, (_, i) => ({
    tokens: Array.from({ length: LENGTH + 1 }, (_, t) => (7919 * i + 104_729 * t) % config.vocabularySize),
    start: PROMPT,
    advantage: i % 2 === 0 ? 1 : -1,
    weight: 1 / (COUNT * (LENGTH - PROMPT)),
    behaviourLogprobs: Array.from({ length: LENGTH + 1 - PROMPT }, () => -Math.log(config.vocabularySize)),
  }));
  const [start, before] = [performance.now(), process.cpuUsage()];
  await engine.grpo({
    weights: { base, lora, adapters },
    reference: null,
    batches: [batch],
    settings: { kl: 0, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' },
    train: { recompute: true },
  });
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(2);
}
