import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NOBODY } from '../actors/follower.js';
import { planMemory } from '../actors/memory.js';
import { modelFolder, trainableModel } from '../actors/model.js';
import { startRun } from '../actors/run.js';
import { readVersion } from '../bin/version.js';
import { type RunConfig, resolveConfig } from '../src/config.js';
import { saveCheckpoint } from '../src/lm/checkpoint.js';
import { parameterLayout } from '../src/lm/parameters.js';
import { SHAPES } from '../src/lm/shapes.js';
import { OnnxPolicy } from '../src/policies/onnx.js';
import { freshState } from '../src/policies/state.js';
import { stream } from '../src/random.js';
import { LmPool } from '../src/workers/pool.js';
import { openReader } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import { iterationSummary } from '../storage/iterations.js';
import { trainingSteps } from '../storage/steps.js';
import { plantedWeights } from './planted.js';
import { shapeFlag } from './shape-flag.js';

/**
 * The scale test: a checkpoint of a real model's shape, with random weights that speak (planted.ts), goes through one whole
 * iteration with adapters, with tiny counts; and one GRPO step of 4 × 512 tokens. Each is measured in a process of its own.
 *
 *   npm run bench:scale -- --shape qwen3-0.6b --out docs/results/scale.md       8 GB of memory, some 10 minutes
 */
const { values: flags } = parseArgs({
  options: {
    shape: { type: 'string', default: 'qwen3-0.6b' },
    folder: { type: 'string', default: 'runs/scale' },
    out: { type: 'string', default: 'docs/results/scale.md' },
    /** A run's setting, over those of the test. */
    set: { type: 'string', multiple: true, default: [] },
    /** What this process measures: everything, in processes of their own, where nothing is said. */
    part: { type: 'string' },
  },
});
const [STEP_SEQUENCES, STEP_TOKENS] = [4, 512];
const shape = shapeFlag(flags.shape);
const model = join(flags.folder, shape);
const databaseFile = join(flags.folder, `${shape}.db`);
const settings = settingsOfTest();

interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
  /** What happened, in words. */
  readonly what: string;
}

if (flags.part === undefined) report();
else process.stdout.write(JSON.stringify(flags.part === 'step' ? await oneStep() : await oneIteration()));

function settingsOfTest(): RunConfig {
  const counts = [
    'rl.challenger.steps=2',
    'rl.challenger.questions=8',
    'rl.challenger.votes=3',
    'rl.challenger.maxTokens=16',
    'rl.curriculum.questions=8',
    'rl.curriculum.batch=8',
    'rl.curriculum.votes=4',
    'rl.curriculum.band=[0,1]',
    'rl.solver.steps=2',
    'rl.solver.questions=4',
    'rl.solver.rollouts=4',
    'rl.solver.maxTokens=16',
    'evaluation.items=1',
    'evaluation.maxTokens=16',
    'lora.rank=16',
    'lora.alpha=32',
  ];
  return resolveConfig({ preset: 'paper', set: [...counts, ...flags.set], flags: { model, iterations: 1 } });
}

function report(): void {
  makeModel();
  const weights = 4 * parameterLayout(SHAPES[shape]).size;
  const step = measured('step');
  const run = measured('run');
  const planned = planMemory(settings).needed_bytes;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  const row = (name: string, { seconds, peakBytes, what }: Measured): string =>
    `| ${name} | ${what} | ${seconds.toFixed(0)} | ${gigabytes(peakBytes)} | ${(peakBytes / weights).toFixed(2)} |`;
  const text = [
    `# One iteration at the shape of ${shape}`,
    '',
    `Random weights (${gigabytes(weights)} in F32), adapters of rank ${settings.lora.rank} on all projections, gradient checkpointing,`,
    `one worker of ${availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}.`,
    `The planner reckons with ${gigabytes(planned)} for the iteration. A mapped file counts in a process's resident memory once for`,
    'each graph that has read it, though its pages are the same: peaks are below what is printed.',
    '',
    '| | what it did | seconds | peak memory | of the F32 weights |',
    '| --- | --- | ---: | ---: | ---: |',
    row(`a GRPO step of ${STEP_SEQUENCES} × ${STEP_TOKENS} tokens`, step),
    row('a whole iteration', run),
    '',
    `Made by \`npm run bench:scale -- --shape ${shape}\`.`,
    '',
  ].join('\n');
  mkdirSync(dirname(flags.out), { recursive: true });
  writeFileSync(flags.out, text);
  process.stdout.write(text);
}

/** The checkpoint, where it is not there yet, with the embedded model's tokenizer: most rows of the embedding have no text. */
function makeModel(): void {
  if (existsSync(join(model, 'config.json'))) return;
  const config = SHAPES[shape];
  const tokenizer = join(modelFolder('tiny'), 'tokenizer.json');
  const { vocab } = (JSON.parse(readFileSync(tokenizer, 'utf8')) as { model: { vocab: Record<string, number> } }).model;
  const weights = plantedWeights(config, (token) => vocab[token] as number, stream(0, 'scale'));
  saveCheckpoint(model, { config, weights });
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(modelFolder('tiny'), name), join(model, name));
}

function measured(part: 'step' | 'run'): Measured {
  process.stderr.write(`measuring a ${part}\n`);
  const own = [
    '--shape',
    shape,
    '--folder',
    flags.folder,
    '--part',
    part,
    ...flags.set.flatMap((each) => ['--set', each]),
  ];
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...own], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the ${part} failed`);
  return JSON.parse(stdout) as Measured;
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

async function oneStep(): Promise<Measured> {
  const { config, base, initial } = trainableModel(settings);
  const pool = new LmPool(config, 'cpu', 1, availableParallelism(), () => {});
  try {
    const policy = new OnnxPolicy(pool, base, freshState(initial));
    const token = (i: number, t: number): number => (7919 * i + 104_729 * t) % config.vocabularySize;
    const rollouts = Array.from({ length: STEP_SEQUENCES }, (_, i) => ({
      prompt: [token(i, 0)],
      completion: Array.from({ length: STEP_TOKENS }, (_, t) => token(i, t + 1)),
      finished: true,
    }));
    const scored = await policy.score(rollouts);
    const examples = rollouts.map((rollout, i) => ({
      rollout: { ...rollout, logprobs: scored[i] ?? [] },
      advantage: i % 2 === 0 ? 1 : -1,
    }));
    const start = performance.now();
    const update = await policy.update(examples, settings.rl.solver, policy.frozen());
    const seconds = (performance.now() - start) / 1000;
    const what = `loss ${update?.loss.toFixed(4)}, gradient norm ${update?.gradNorm.toFixed(3)}, reference scored`;
    return { seconds, peakBytes: peakBytes(), what };
  } finally {
    await pool.close();
  }
}

async function oneIteration(): Promise<Measured> {
  for (const leftover of ['', '-wal', '-shm', '.lock', '.weights'])
    rmSync(databaseFile + leftover, { recursive: true, force: true });
  const onNews = (text: string): void => void process.stderr.write(`${text}\n`);
  const hooks = {
    signal: new AbortController().signal,
    serverKey: null,
    oracleKey: null,
    onProgress: () => {},
    onNews,
    follower: NOBODY,
  };
  const start = performance.now();
  const run = await startRun({ config: settings, databaseFile, rzeroVersion: readVersion(), ...hooks });
  const seconds = (performance.now() - start) / 1000;
  if (run.status !== 'done') throw new Error(`the run ended as ${run.status}: ${run.reason}`);
  const db = openReader(databaseFile);
  try {
    const { id } = runDetails(db, run.runId);
    const [summary] = iterationSummary(db, id).filter(({ iteration }) => iteration === 1);
    const steps = trainingSteps(db, id).filter(({ loss }) => loss !== null).length;
    const what = `${summary?.questions} questions, ${summary?.kept} kept, ${steps} updates, ${summary?.tokens} tokens sampled`;
    return { seconds, peakBytes: peakBytes(), what };
  } finally {
    db.close();
  }
}
