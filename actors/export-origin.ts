import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../src/errors.js';
import { checkpointSource } from '../src/export/checkpoint-source.js';
import type { CardScore, ChangedSetting, RunLineage } from '../src/export/model-card.js';
import { flatSource, type WeightSource } from '../src/export/weight-source.js';
import { decodeWeights, openCheckpoint } from '../src/lm/checkpoint.js';
import { type LoraSettings, loraLayout } from '../src/lm/lora.js';
import { parameterLayout } from '../src/lm/parameters.js';
import { LORA_TARGETS } from '../src/lora-targets.js';
import { PRESETS } from '../src/presets.js';
import { readBlob } from '../storage/blobs.js';
import { type CheckpointRecord, newestCheckpoint } from '../storage/checkpoints.js';
import type { Reader } from '../storage/connection.js';
import { openReader, weightsFolder } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import type { RunDetails } from '../storage/runs.js';
import { benchmarkScores } from '../storage/scores.js';
import type { Role } from '../storage/steps.js';
import type { BenchmarkScoreRow } from '../storage/views.js';
import { cardScores } from './export-scores.js';
import { modelFolder } from './model.js';

/** What is exported: a checkpoint folder, or what a role's policy was after an iteration; 0 is the base. */
export type ExportTarget =
  | { readonly kind: 'model'; readonly model: string }
  | {
      readonly kind: 'run';
      readonly runId: string;
      readonly iteration: number;
      readonly role: Role;
      readonly databaseFile: string;
    };

/** A policy with all that its model card tells. */
export interface ExportOrigin {
  /** Of the base where there are adapters. */
  readonly weights: WeightSource;
  readonly adapters: { readonly lora: LoraSettings; readonly flat: Float32Array } | null;
  readonly baseFolder: string;
  readonly baseName: string;
  readonly lineage: RunLineage | null;
  readonly scores: readonly CardScore[];
}

/** What a model's folder is called; the rest of its path is nobody else's. */
const baseName = (model: string): string => (model === 'tiny' ? 'rzero tiny' : basename(resolve(model)));

/** @throws UsageError for a run or an iteration that is not there; CheckpointError for weights that can't be read. */
export function openOrigin(target: ExportTarget): ExportOrigin {
  if (target.kind === 'run') return runOrigin(target);
  const folder = resolve(modelFolder(target.model));
  return {
    weights: checkpointSource(openCheckpoint(folder)),
    adapters: null,
    baseFolder: folder,
    baseName: baseName(target.model),
    lineage: null,
    scores: [],
  };
}

/** What an export reads of a run's stored configuration: that of an older version will do. */
const storedConfig = z.looseObject({
  model: z.string().min(1),
  lora: z
    .object({
      rank: z.int().min(0),
      alpha: z.number().gt(0),
      targets: z.array(z.enum(LORA_TARGETS)).min(1),
    })
    .nullish(),
});

function runOrigin(target: ExportTarget & { readonly kind: 'run' }): ExportOrigin {
  const db = openReader(target.databaseFile);
  try {
    const run = runDetails(db, target.runId);
    const scores = benchmarkScores(db, run.id);
    requireIteration(run, target.iteration, scores);
    const parsed = storedConfig.safeParse(run.config);
    if (!parsed.success) throw new UsageError(`the configuration that run ${run.id} stored is not one of rzero's`);
    const { model } = parsed.data;
    const lora = parsed.data.lora?.rank ? parsed.data.lora : null; // of rank 0 where all weights learn
    const baseFolder = resolve(modelFolder(model));
    const checkpoints = lastCheckpoints(db, run.id, target.role, target.iteration);
    const base = checkpointSource(openCheckpoint(baseFolder));
    return {
      ...policyWeights(base, lora, checkpoints.at(-1), weightsFolder(db.path)),
      baseFolder,
      baseName: baseName(model),
      lineage: lineageOf(run, target, lora, checkpoints),
      scores: cardScores(scores, target.iteration),
    };
  } finally {
    db.close();
  }
}

/** Iterations are scored at their end: what has no score has not come to it. */
function requireIteration(run: RunDetails, iteration: number, scores: readonly BenchmarkScoreRow[]): void {
  const last = Math.max(0, ...scores.map((score) => score.iteration));
  if (iteration <= last) return;
  throw new UsageError(`run ${run.id} has no iteration ${iteration} yet; give one from 0, the base, to ${last}`);
}

/** A role's weights at the end of each iteration in which it was trained, the first one first. */
function lastCheckpoints(db: Reader, runId: string, role: Role, iteration: number): CheckpointRecord[] {
  return Array.from({ length: iteration }, (_, i) =>
    newestCheckpoint(db, { runId, iteration: i + 1, role, kind: 'weights' }),
  ).filter((checkpoint) => checkpoint !== undefined);
}

/** The weights after the newest checkpoint: the base's where there is none. */
function policyWeights(
  base: WeightSource,
  lora: LoraSettings | null,
  newest: CheckpointRecord | undefined,
  folder: string,
): Pick<ExportOrigin, 'weights' | 'adapters'> {
  const { config } = base;
  if (lora !== null) {
    const layout = loraLayout(config, lora);
    // Adapters that were never trained are zero, and change nothing.
    const flat =
      newest === undefined
        ? new Float32Array(layout.size)
        : decodeWeights(layout, readBlob(folder, newest), newest.file);
    return { weights: base, adapters: { lora, flat } };
  }
  if (newest === undefined) return { weights: base, adapters: null };
  const weights = decodeWeights(parameterLayout(config), readBlob(folder, newest), newest.file);
  return { weights: flatSource(config, weights), adapters: null };
}

function lineageOf(
  run: RunDetails,
  { iteration, role }: { readonly iteration: number; readonly role: Role },
  lora: LoraSettings | null,
  checkpoints: readonly CheckpointRecord[],
): RunLineage {
  const trained =
    lora === null
      ? 'all weights'
      : `LoRA of rank ${lora.rank} and alpha ${lora.alpha} on ${lora.targets.join(', ')}; the base stayed as it was`;
  return {
    id: run.id,
    iteration,
    role,
    preset: run.preset,
    seed: run.seed,
    startedAt: run.startedAt,
    version: run.rzeroVersion,
    trained,
    settings: changedSettings(run),
    checkpoints,
  };
}

/** A run's settings that are not its preset's, without those that have rows of their own. */
function changedSettings({ preset, config }: RunDetails): ChangedSetting[] | null {
  const known = Object.entries(PRESETS).find(([name]) => name === preset)?.[1];
  if (known === undefined) return null;
  const before = new Map(leaves(known, ''));
  return leaves(config, '')
    .filter(([path]) => path !== 'preset' && path !== 'seed' && path !== 'model')
    .flatMap(([path, run]) => {
      const value = before.get(path);
      return value === run ? [] : [{ path, preset: value ?? '', run }];
    });
}

/** Each setting's path and its value as JSON. */
function leaves(value: unknown, path: string): [path: string, json: string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
