import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { RunConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import { isQuantizedCheckpoint, loadArchitecture } from '../src/lm/checkpoint.js';
import { storedTensors } from '../src/lm/checkpoint-files.js';
import { deviceFormats } from '../src/lm/device-formats.js';
import type { FloatFormat } from '../src/lm/float-formats.js';
import { type MemoryDemand, type MemoryPart, memoryPlan, totalBytes } from '../src/lm/memory-plan.js';
import { floatFormat } from '../src/lm/safetensors.js';
import { MICRO_BATCH_TOKENS } from '../src/workers/engine.js';
import { modelFolder } from './model.js';

/** What training will need of memory, and what there is. */
export interface MemoryReport {
  readonly parts: readonly MemoryPart[];
  readonly needed_bytes: number;
  /** On the device of a provider that has memory of its own; what there is of it is not known. */
  readonly device_bytes: number;
  /** What this process may use: the machine's memory, or its container's. */
  readonly available_bytes: number;
  readonly fits: boolean;
}

/** Prompt tokens that are reckoned with beside the longest completion: the question and what is asked of it. */
const PROMPT_TOKENS = 512;

/** The memory that a run with these settings needs. Only headers of the checkpoint's files are read.
 *  @throws CheckpointError for a model that can't be read. */
export function planMemory(settings: RunConfig): MemoryReport {
  const stored = storedModel(settings);
  const { config } = stored;
  const { challenger, solver, curriculum } = settings.rl;
  return reportOf({
    ...stored,
    ...placeOf(settings),
    learners: 'Challenger and Solver',
    longest: Math.min(config.maxPositions, PROMPT_TOKENS + Math.max(solver.maxTokens, challenger.maxTokens)),
    sequences: Math.max(
      challenger.questions * challenger.votes,
      Math.min(curriculum.batch, curriculum.questions) * curriculum.votes,
      solver.questions * solver.rollouts,
    ),
    recompute: solver.recompute && challenger.recompute,
  });
}

/** @throws UsageError where a run can't fit, with its largest part and what makes it smaller. */
export function requireMemory(settings: RunConfig): void {
  refuse(planMemory(settings), 'this run', [
    ...(settings.lora.rank === 0 ? ['train adapters (lora.rank=16)'] : []),
    ...(settings.workers > 1 ? ['one worker'] : []),
    ...(settings.rl.solver.recompute ? [] : ['rl.solver.recompute=true and rl.challenger.recompute=true']),
    'fewer tokens (rl.solver.maxTokens, rl.challenger.maxTokens); "rzero doctor --model" shows all parts',
  ]);
}

/** What fine-tuning needs to know of itself to be planned. */
export interface FinetuneDemand extends Pick<RunConfig, 'model' | 'lora' | 'workers' | 'executionProvider'> {
  readonly maxTokens: number;
  readonly recompute: boolean;
}

/** @throws UsageError where fine-tuning can't fit, with its largest part and what makes it smaller. */
export function requireFinetuningMemory(demand: FinetuneDemand): void {
  const { model, lora, workers, maxTokens: longest, recompute } = demand;
  const report = reportOf({
    ...storedModel({ model, deviceWeights: 'stored' }),
    ...placeOf(demand),
    learners: 'the model',
    longest,
    sequences: 0,
    recompute,
  });
  refuse(report, 'fine-tuning', [
    ...(lora.rank === 0 ? ['adapters (--lora-rank 16)'] : []),
    ...(workers > 1 ? ['one worker (--workers 1)'] : []),
    'shorter examples (--max-tokens)',
  ]);
}

function storedModel({
  model,
  deviceWeights,
}: Pick<RunConfig, 'model' | 'deviceWeights'>): Pick<
  MemoryDemand,
  'config' | 'storedBytes' | 'quantized' | 'deviceFormats'
> {
  const folder = resolve(modelFolder(model));
  const config = loadArchitecture(folder);
  const { tensors, path } = storedTensors(folder);
  const quantized = isQuantizedCheckpoint(folder);
  const formatOf = (name: string): FloatFormat => {
    const tensor = tensors.get(name);
    return tensor === undefined || quantized ? 'float32' : floatFormat(name, tensor, path);
  };
  return {
    config,
    storedBytes: [...tensors.values()].reduce((sum, { from, to }) => sum + to - from, 0),
    quantized,
    deviceFormats: deviceFormats(config, formatOf, deviceWeights),
  };
}

const placeOf = ({
  executionProvider,
  lora,
  workers,
}: Pick<RunConfig, 'executionProvider' | 'lora' | 'workers'>): Pick<MemoryDemand, 'device' | 'lora' | 'workers'> => ({
  device: ({ cpu: 'none', webgpu: 'one copy', cuda: 'copy of each graph' } as const)[executionProvider],
  lora: lora.rank === 0 ? null : lora,
  workers,
});

function reportOf(demand: Omit<MemoryDemand, 'microBatchTokens'>): MemoryReport {
  const parts = memoryPlan({ ...demand, microBatchTokens: MICRO_BATCH_TOKENS[0] });
  const needed = totalBytes(parts, 'memory');
  const available = availableBytes();
  return {
    parts,
    needed_bytes: Math.round(needed),
    device_bytes: Math.round(totalBytes(parts, 'device')),
    available_bytes: available,
    fits: needed <= available,
  };
}

function refuse(report: MemoryReport, what: string, mends: readonly string[]): void {
  const { parts, needed_bytes, available_bytes, fits } = report;
  if (fits) return;
  const own = parts.filter(({ where }) => where === 'memory');
  const [largest] = own.toSorted((a, b) => b.bytes - a.bytes);
  throw new UsageError(
    `${what} needs ${gigabytes(needed_bytes)} of memory (the largest part: ${largest?.name}, ${gigabytes(largest?.bytes ?? 0)}) and the machine has ${gigabytes(available_bytes)}; it takes less with ${mends.join(', or ')}`,
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** The machine's memory, or the lower limit that it is held to. */
function availableBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
